// Requests from JSON and from URLs: proto3's JSON mapping, with every fault named.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"
#include "service/base/error_details.h"
#include "service/base/texts.h"
#include "service/http/json_value.h"

namespace genledger {

// What JSON may look like.
enum class JsonDialect {
  // proto3's mapping: fields in lowerCamelCase or as the proto spells them.
  kProto3,
  // The upstream's page: fields as the proto spells them. A string stands for an array of one: the
  // page's program in R sends its image so.
  kPage,
};

// What was read so far of one request, and what was wrong with it.
class RequestReader {
 public:
  explicit RequestReader(google::protobuf::Message* message,
                         JsonDialect dialect = JsonDialect::kProto3)
      : message_(message), dialect_(dialect) {}

  // The members of `json`, which must be an object, into the message; or into its singular message
  // field `field`, if that is not empty. Null is absence,
  // integers may be strings or whole floating-point numbers; unknown names, names given twice
  // in either spelling, two of a oneof and wrong types are faults.
  void ReadJson(const JsonValue& json, const std::string& field = "");

  // A query parameter or a part of the path: the name of a field, or of one inside a message
  // ("resolution.note"); repeated fields take one value each time.
  void ReadQuery(const std::string& name, const std::string& value);
  // As ReadQuery; nothing else may give this field.
  void ReadPath(const std::string& name, const std::string& value);

  void AddFault(FieldViolation fault) { faults_.push_back(std::move(fault)); }
  std::vector<FieldViolation> TakeFaults() { return std::move(faults_); }

 private:
  using Message = google::protobuf::Message;
  using Field = google::protobuf::FieldDescriptor;

  void ReadObject(const JsonValue& json, const std::string& path, Message* message);
  void ReadMember(const JsonValue& json, const std::string& path, Message* message,
                  const Field* field);
  void ReadMap(const JsonValue& json, const std::string& path, Message* message,
               const Field* field);
  // One value of a field, or one more of a repeated one.
  void ReadValue(const JsonValue& json, const std::string& path, Message* message,
                 const Field* field);
  void ReadMessage(const JsonValue& json, const std::string& path, Message* message,
                   const Field* field);
  void ReadText(const std::string& name, const std::string& value);
  void Blame(const std::string& path, TextId text, std::initializer_list<LocalText> arguments = {});
  // False, with a fault, if another field of the same oneof is set.
  bool OneOfIsFree(const Message& message, const Field* field, const std::string& path);

  Message* const message_;
  const JsonDialect dialect_;
  std::vector<FieldViolation> faults_;
  std::set<std::string> given_by_path_;
  std::set<std::string> read_once_;  // singular fields from the path or query
};

}  // namespace genledger
