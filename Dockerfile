# The image: one static binary and nothing else, run by a user without rights.
#
#   docker build -t aliasgate:0.1.0 .
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN ./build-static /aliasgate

FROM scratch
COPY --from=build /aliasgate /aliasgate
USER 65532:65532
ENTRYPOINT ["/aliasgate"]
