# syntax=docker/dockerfile:1
# The gateway in a slim image: no compiler, no shell user, nothing writable but /data.

FROM rust:1.95.0-slim-bookworm AS build
# The image brings this toolchain; the toolchain file would make rustup fetch clippy and rustfmt too.
ENV RUSTUP_TOOLCHAIN=1.95.0 CARGO_TARGET_DIR=/cache/target
# xmlsec and libxml2 verify SAML signatures; libclang makes the bindings to them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential pkg-config libclang-dev libxmlsec1-dev libxml2-dev libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# .dockerignore lets in what the compiler needs and nothing else.
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/cache/target \
    cargo build --release --locked --bin rollcall \
    && install -D /cache/target/release/rollcall /out/rollcall

FROM debian:12-slim
# Root certificates: identity providers are called over https. xmlsec with its OpenSSL half: SAML.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libxmlsec1-openssl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin rollcall \
    && install -d -o rollcall -g rollcall -m 0700 /data \
    && install -d /etc/rollcall
COPY --from=build /out/rollcall /usr/local/bin/rollcall
USER 10001:10001
# A rollcall.toml mounted here is read; relative paths cannot be written here, so a forgotten one is noticed.
WORKDIR /etc/rollcall
ENV ROLLCALL_LISTEN=0.0.0.0:8080 \
    ROLLCALL_DATA_DIR=/data \
    ROLLCALL_DATABASE_URL=sqlite:///data/rollcall.db \
    ROLLCALL_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
# Asks over a plain socket of bash: the image has no HTTP client. Follow ROLLCALL_LISTEN when changing the port.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 4 _ status _ <&3 && [[ $status = 200 ]]"]
ENTRYPOINT ["rollcall"]
CMD ["serve"]
