#include "service/base/watched_files.h"

#include <utility>

#include "service/base/small_file.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

// Kept in place of the texts, which may be secrets.
Sha256Digest DigestOf(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all += std::to_string(text.size());
    all += ':';
    all += text;
  }
  return Sha256({all});
}

}  // namespace

absl::StatusOr<std::unique_ptr<WatchedFiles>> WatchedFiles::Open(WatchedFilesOptions options,
                                                                 Load load,
                                                                 Collaborators collaborators) {
  std::unique_ptr<WatchedFiles> files(
      new WatchedFiles(std::move(options), std::move(load), collaborators));
  GL_ASSIGN_OR_RETURN(const std::vector<std::string> texts, files->Read());
  GL_RETURN_IF_ERROR(files->load_(texts));
  files->loaded_ = DigestOf(texts);
  return files;
}

absl::StatusOr<std::vector<std::string>> WatchedFiles::Read() const {
  std::vector<std::string> texts;
  for (const std::string& path : options_.paths) {
    GL_ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, options_.bytes_max));
    texts.push_back(std::move(text));
  }
  return texts;
}

void WatchedFiles::Start() {
  c_.timers->At(c_.clock->Now() + kInterval, [this] {
    Look();
    Start();
  });
}

// Reads them each time: a file system may keep a time stamp, or a mounted secret a link, over a
// change.
void WatchedFiles::Look() {
  const absl::StatusOr<std::vector<std::string>> texts = Read();
  if (!texts.ok()) {
    Refuse(Sha256({std::string(texts.status().message())}), texts.status());
    return;
  }
  const Sha256Digest digest = DigestOf(*texts);
  if (digest == loaded_) {
    refused_.reset();
    return;
  }
  if (const absl::Status status = load_(*texts); !status.ok()) {
    Refuse(digest, status);
    return;
  }
  loaded_ = digest;
  refused_.reset();
  c_.logger->Log(Severity::kInfo, "file_reloaded", {{"what", options_.name}});
}

// Logged when it is met for the second time: files that belong together are replaced one after the
// other, and what is seen between that is no fault.
void WatchedFiles::Refuse(const Sha256Digest& state, const absl::Status& status) {
  if (refused_ != state) {
    refused_ = state;
    refusal_logged_ = false;
  } else if (!std::exchange(refusal_logged_, true)) {
    c_.logger->Log(Severity::kError, "file_unusable",
                   {{"what", options_.name}, {"error", std::string(status.message())}});
  }
}

}  // namespace genledger
