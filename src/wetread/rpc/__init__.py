"""The drafting service on the wire: protobuf over gRPC (proto/wetread/drafting/v1)."""
