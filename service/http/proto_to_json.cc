#include "service/http/proto_to_json.h"

#include <google/protobuf/util/json_util.h>

namespace genledger {

absl::StatusOr<std::string> ProtoToJson(const google::protobuf::Message& message) {
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  if (!status.ok()) {
    return absl::InternalError("a message without a JSON form");
  }
  return json;
}

}  // namespace genledger
