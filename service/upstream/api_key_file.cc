#include "service/upstream/api_key_file.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/base/small_file.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

constexpr size_t kFileBytesMax = 65536;

}  // namespace

absl::StatusOr<Secret> ReadApiKeyFile(const std::string& path) {
  GL_ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, kFileBytesMax));
  absl::StripAsciiWhitespace(&text);
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  }
  Secret key(std::move(text));
  if (!MakeUpstreamCredentials({key}).ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " does not hold one API key of visible ASCII characters"));
  }
  return key;
}

ApiKeyFile::ApiKeyFile(std::string path, UpstreamCredentials first, Collaborators collaborators)
    : path_(std::move(path)), c_(collaborators), credentials_(std::move(first)) {}

void ApiKeyFile::Start() {
  c_.timers->At(c_.clock->Now() + kInterval, [this] {
    Look();
    Start();
  });
}

UpstreamCredentials ApiKeyFile::credentials() const {
  absl::MutexLock lock(&mu_);
  return credentials_;
}

// Reads it each time: a file system may keep a time stamp, or a mounted secret a link, over a
// change.
void ApiKeyFile::Look() {
  absl::StatusOr<Secret> key = ReadApiKeyFile(path_);
  absl::StatusOr<UpstreamCredentials> read =
      key.ok() ? MakeUpstreamCredentials({*key})
               : absl::StatusOr<UpstreamCredentials>(key.status());
  absl::MutexLock lock(&mu_);
  if (!read.ok()) {
    if (!std::exchange(faulty_, true)) {
      c_.logger->Log(Severity::kError, "api_key_file_unusable",
                     {{"error", std::string(read.status().message())}});
    }
    return;
  }
  faulty_ = false;
  if ((*read)->front().fingerprint != credentials_->front().fingerprint) {
    credentials_ = *std::move(read);
    c_.logger->Log(Severity::kInfo, "api_key_changed",
                   {{"fingerprint", credentials_->front().fingerprint}});
  }
}

}  // namespace genledger
