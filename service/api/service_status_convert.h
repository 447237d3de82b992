// ServiceStatus as genledger.v1 has it.
#pragma once

#include "genledger/v1/admin_service.pb.h"
#include "service/dispatch/status_service.h"

namespace genledger {

void ServiceStatusToProto(const ServiceStatus& status, v1::ServiceStatus* proto);

}  // namespace genledger
