"""The files: a private mirror of the user's repository and the safe way back."""
