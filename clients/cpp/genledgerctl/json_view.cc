#include "clients/cpp/genledgerctl/json_view.h"

#include <memory>

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/text.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace genledger::ctl {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

// MessageToJsonString serialises with maps in hash order; this does not.
std::string Serialize(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

std::string Quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (const auto byte = static_cast<unsigned char>(c); byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string ViolationsToJson(const std::vector<client::Violation>& violations) {
  std::string out = "[";
  for (const client::Violation& violation : violations) {
    out += out.size() > 1 ? ",\n" : "\n";
    out += "   {\"field\": " + Quote(violation.field) +
           ", \"description\": " + Quote(violation.description) + "}";
  }
  return out + (violations.empty() ? "]" : "\n  ]");
}

std::string MetadataToJson(const std::map<std::string, std::string>& metadata) {
  std::string out = "{";
  for (const auto& [key, value] : metadata) {
    out += out.size() > 1 ? ",\n" : "\n";
    out += "   " + Quote(key) + ": " + Quote(value);
  }
  return out + (metadata.empty() ? "}" : "\n  }");
}

// As protobuf's JSON writes a Duration.
std::string DurationText(absl::Duration duration) {
  const int64_t millis = absl::ToInt64Milliseconds(duration);
  std::string text = std::to_string(millis / 1000);
  if (millis % 1000 != 0) {
    text += "." + std::to_string(1000 + millis % 1000).substr(1);
  }
  return text + "s";
}

// A document without its line ends and indentation; strings hold no bare line ends.
std::string OnOneLine(const std::string& json) {
  std::string out;
  bool indentation = false;
  for (const char c : json) {
    indentation = c == '\n' || (indentation && c == ' ');
    if (!indentation) {
      out += c;
    }
  }
  return out + "\n";
}

}  // namespace

std::string MessageToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kTypeUrlPrefix, message.GetDescriptor()->file()->pool()));
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(
      resolver.get(), std::string(kTypeUrlPrefix) + "/" + message.GetDescriptor()->full_name(),
      Serialize(message), &json, options);
  if (!status.ok()) {
    // Only a message that holds text which is no UTF-8, or an Any of an unknown type, ends here.
    return "{\"error\": {\"message\": " + Quote("the answer cannot be written as JSON") + "}}\n";
  }
  return PrintableJson(json);
}

std::string MessageToJsonLine(const google::protobuf::Message& message) {
  return OnOneLine(MessageToJson(message));
}

std::string JsonString(std::string_view text) { return PrintableJson(Quote(text)); }

std::string ErrorToJson(const client::Error& error, ExitCode exit_code) {
  std::string out = "{\n \"error\": {\n";
  out += "  \"code\": " + Quote(client::CodeName(error.code)) + ",\n";
  out += "  \"reason\": " + Quote(error.reason) + ",\n";
  out += "  \"message\": " + Quote(error.message) + ",\n";
  out += "  \"violations\": " + ViolationsToJson(error.violations) + ",\n";
  out += "  \"metadata\": " + MetadataToJson(error.metadata) + ",\n";
  if (error.retry_delay.has_value()) {
    out += "  \"retry_delay\": " + Quote(DurationText(*error.retry_delay)) + ",\n";
  }
  out += "  \"attempts\": " + std::to_string(error.attempts) + ",\n";
  out += "  \"exit_code\": " + std::to_string(static_cast<int>(exit_code)) + "\n }\n}\n";
  return PrintableJson(out);
}

std::string ErrorToJsonLine(const client::Error& error, ExitCode exit_code) {
  return OnOneLine(ErrorToJson(error, exit_code));
}

}  // namespace genledger::ctl
