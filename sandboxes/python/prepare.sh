# Runs as root inside the image while it is made, by the Dockerfile and by the bootstrap alike.
set -eu
groupadd --gid 10000 agent-supervisor
useradd --uid 10000 --gid 10000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin agent-supervisor
groupadd --gid 10001 agent
useradd --uid 10001 --gid 10001 --create-home --home-dir /home/agent --shell /bin/bash agent
mkdir -p /workspace
chown agent:agent /workspace
find / -xdev -perm /6000 -type f -exec chmod a-s {} +
