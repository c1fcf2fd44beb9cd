# A stand-in for the Home Assistant Debian base image: one root file system made by mmdebstrap.
# Environment and labels as in the Debian images of https://github.com/home-assistant/docker-base.

# Python's bytecode, as its package makes when it is configured. It is the same for every architecture,
# so no emulated program has to compile; unchecked, because the sources' times may differ.
FROM scratch AS target
ARG ROOTFS
ADD ${ROOTFS} /

FROM --platform=$BUILDPLATFORM scratch AS bytecode
ARG NATIVE_ROOTFS
ADD ${NATIVE_ROOTFS} /
COPY --from=target /usr/lib/python3.11 /usr/lib/python3.11
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.11 \
    && find /usr/lib/python3.11 -type f ! -name '*.pyc' -delete

FROM target
COPY --from=bytecode /usr/lib/python3.11 /usr/lib/python3.11
# The folders are part of the image so that overlayfs merges them: 32-bit programs under QEMU cannot
# list a folder of ext4 itself (its 64-bit offsets), and s6-svscan and s6-envdir list these.
RUN ldconfig && mkdir -p /run/service /run/s6/container_environment /run/lock
ENV LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive \
    CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    S6_BEHAVIOUR_IF_STAGE2_FAILS=2 \
    S6_CMD_WAIT_FOR_SERVICES_MAXTIME=0 \
    S6_CMD_WAIT_FOR_SERVICES=1 \
    S6_SERVICES_READYTIME=50
ARG ARCH
ARG SUITE
ARG CREATED
ARG INPUTS
LABEL io.hass.type=base \
      io.hass.base.name=debian \
      io.hass.base.arch=${ARCH} \
      io.hass.base.version=${SUITE} \
      io.hass.base.image=debian:${SUITE}-slim \
      io.hass.arch=${ARCH} \
      io.hass.version=${SUITE} \
      org.opencontainers.image.created=${CREATED} \
      org.opencontainers.image.version=${SUITE} \
      addon-release.inputs=${INPUTS}
ENTRYPOINT ["/init"]
