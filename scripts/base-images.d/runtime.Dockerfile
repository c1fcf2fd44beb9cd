# This machine's own Node.js and the libraries that it is linked to; no shell, no package manager.
FROM scratch
COPY rootfs /
ARG INPUTS
LABEL addon-release.inputs=${INPUTS}
CMD ["node"]
