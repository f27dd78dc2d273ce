"""One module per edit format: the words that teach it to the model, how a reply says it, how it is applied."""
