#include "clients/cpp/genledgerctl/bulk_contradiction.h"

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

struct Seen {
  int64_t line = 0;
  // Equal for two that differ, once in a very long time: then the server refuses the second.
  size_t digest = 0;
};

}  // namespace

std::optional<std::string> FindContradiction(BulkReader& reader) {
  std::unordered_map<std::string, Seen> seen;
  while (const std::optional<BulkJob> job = reader.Next()) {
    if (!job->request.ok()) {
      continue;  // told when its turn comes
    }
    const size_t digest = std::hash<std::string>()(MessageToJsonLine(*job->request));
    const auto [first, is_new] =
        seen.try_emplace(job->request->request_id(), Seen{.line = job->line, .digest = digest});
    if (!is_new && first->second.digest != digest) {
      return "lines " + std::to_string(first->second.line) + " and " + std::to_string(job->line) +
             " differ and have one request_id, " + Printable(job->request->request_id());
    }
  }
  return std::nullopt;
}

}  // namespace genledger::ctl
