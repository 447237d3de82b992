#include "clients/cpp/genledgerctl/bulk_reader.h"

#include <openssl/sha.h>

#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "clients/cpp/genledgerctl/json_fault.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/small_file.h"
#include "google/protobuf/util/json_util.h"

namespace genledger::ctl {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
// What some editors begin a file of UTF-8 with.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// Tells which of the two a line that is neither was meant to be.
constexpr std::string_view kSpecField = "\"spec\"";
// 128 bits of the digest: lines do not collide, and the request_id stays readable.
constexpr size_t kDigestBytes = 16;

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == text.npos) {
    return "";
  }
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

// The text of a line, the file's first one being 1.
std::string_view TextOf(std::string_view raw, int64_t line) {
  if (line == 1 && raw.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    raw.remove_prefix(kByteOrderMark.size());
  }
  return Trim(raw);
}

client::Error NotAJob(const std::string& why) {
  return client::LocalError(grpc::StatusCode::INVALID_ARGUMENT, "the line is not a job: " + why);
}

std::optional<client::Error> Parse(const std::string& json, google::protobuf::Message* message) {
  const auto status = google::protobuf::util::JsonStringToMessage(json, message);
  if (status.ok()) {
    return std::nullopt;
  }
  return NotAJob(FaultOfJson(json, *message));
}

}  // namespace

BulkReader::BulkReader(std::istream& in, v1::SubmitGenerationRequest defaults)
    : in_(in), defaults_(std::move(defaults)) {
  defaults_.clear_spec();
}

std::optional<BulkJob> BulkReader::Next() {
  std::string raw;
  while (std::getline(in_, raw)) {
    ++line_;
    const std::string_view text = TextOf(raw, line_);
    if (!text.empty()) {
      std::string owned(text);
      client::Result<v1::SubmitGenerationRequest> request = ToRequest(owned);
      return BulkJob{.line = line_, .text = std::move(owned), .request = std::move(request)};
    }
  }
  return std::nullopt;
}

client::Result<v1::SubmitGenerationRequest> BulkReader::ToRequest(const std::string& text) {
  if (text.size() > client::kSmallFileBytesMax) {
    return NotAJob("it is longer than " + std::to_string(client::kSmallFileBytesMax) + " bytes");
  }
  if (!IsUtf8(text)) {
    return NotAJob("it is not valid UTF-8");
  }
  // Neither has a field of the other, so that a line is one of them or nothing.
  v1::SubmitGenerationRequest said;
  if (const std::optional<client::Error> as_spec = Parse(text, said.mutable_spec());
      as_spec.has_value()) {
    said.Clear();
    if (const std::optional<client::Error> as_request = Parse(text, &said);
        as_request.has_value()) {
      return text.find(kSpecField) == text.npos ? *as_spec : *as_request;
    }
  }
  v1::SubmitGenerationRequest request = defaults_;
  request.MergeFrom(said);
  if (request.request_id().empty()) {
    request.set_request_id(MakeRequestId(text));
  }
  return request;
}

std::string BulkReader::MakeRequestId(const std::string& text) {
  // The variation of the flags makes other generations of the same lines.
  const std::string content = defaults_.variation() + '\0' + text;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest);
  const std::string hex = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), kDigestBytes));
  return "line-" + hex + "-" + std::to_string(++occurrences_[hex]);
}

int64_t CountJobs(std::istream& in) {
  int64_t jobs = 0;
  std::string raw;
  for (int64_t line = 1; std::getline(in, raw); ++line) {
    jobs += TextOf(raw, line).empty() ? 0 : 1;
  }
  return jobs;
}

}  // namespace genledger::ctl
