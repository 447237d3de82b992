// TLS of the gRPC port, with certificates that may change while it serves.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/auth/tls_material.h"

namespace genledger {

// Every handshake takes what is current then; connections that are open go on. TLS 1.2 and 1.3,
// with gRPC's cipher suites (forward secrecy and AEAD only). `material` must be set; it and what is
// returned must outlive the server, which does not keep them by itself.
std::shared_ptr<grpc::ServerCredentials> MakeTlsServerCredentials(
    const CurrentTlsMaterial* material);

}  // namespace genledger
