#include "service/telemetry/access_log_writer.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace genledger {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(100);
// Threads take turns at them, so that calls seldom meet at one lock.
constexpr size_t kShards = 8;
// The lines of so many records are handed to the stream at once.
constexpr size_t kBatchBytes = 64 * 1024;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Names are visible ASCII, or a SPIFFE id or a subject, which nobody has checked.
void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\u00", absl::Hex(byte, absl::kZeroPad2));
    } else {
      out += c;
    }
  }
  out += '"';
}

// The time of lines, most of which share their second with the one before.
class TimeText {
 public:
  void AppendTo(absl::Time time, std::string& out) {
    const int64_t milliseconds = absl::ToUnixMillis(time);
    const int64_t second = milliseconds / 1000;
    if (second != second_) {
      second_ = second;
      text_ = absl::FormatTime("%Y-%m-%dT%H:%M:%S.", absl::FromUnixSeconds(second),
                               absl::UTCTimeZone());
    }
    absl::StrAppend(&out, text_, absl::Dec(milliseconds % 1000, absl::kZeroPad3), "Z");
  }

 private:
  int64_t second_ = -1;
  std::string text_;
};

class AccessLogWriter final : public AccessLog {
 public:
  explicit AccessLogWriter(AccessLogOptions options)
      : options_(options), thread_([this] { Run(); }) {}
  ~AccessLogWriter() override {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    thread_.join();
  }

  void Add(AccessRecord record) override;

 private:
  struct alignas(64) Shard {
    absl::Mutex mu;
    std::vector<AccessRecord> records ABSL_GUARDED_BY(mu);
    int64_t dropped ABSL_GUARDED_BY(mu) = 0;
  };

  void Run();
  void WriteAll();
  void AppendLine(const AccessRecord& record);
  void AppendHead(absl::Time time, std::string_view event);
  void Flush();

  const AccessLogOptions options_;
  std::array<Shard, kShards> shards_;
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  // The thread's own.
  std::string batch_;
  std::vector<AccessRecord> taken_;
  TimeText time_text_;
  std::thread thread_;  // last: it uses the others
};

void AccessLogWriter::Add(AccessRecord record) {
  static std::atomic<size_t> threads{0};
  thread_local const size_t turn = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  Shard& shard = shards_[turn];
  absl::MutexLock lock(&shard.mu);
  if (shard.records.size() < options_.records_max / kShards) {
    shard.records.push_back(std::move(record));
  } else {
    ++shard.dropped;
  }
}

void AccessLogWriter::Run() {
  bool stopping = false;
  while (!stopping) {
    {
      absl::MutexLock lock(&mu_);
      mu_.AwaitWithTimeout(absl::Condition(&stopping_), kInterval);
      stopping = stopping_;
    }
    WriteAll();
  }
}

void AccessLogWriter::WriteAll() {
  int64_t dropped = 0;
  for (Shard& shard : shards_) {
    taken_.clear();
    {
      absl::MutexLock lock(&shard.mu);
      taken_.swap(shard.records);  // which so keeps the room that it had
      dropped += std::exchange(shard.dropped, 0);
    }
    for (const AccessRecord& record : taken_) {
      AppendLine(record);
      if (batch_.size() >= kBatchBytes) {
        Flush();
      }
    }
  }
  if (dropped > 0) {
    AppendHead(absl::Now(), "access_lines_dropped");
    absl::StrAppend(&batch_, ",\"lines\":\"", dropped, "\"}\n");
  }
  Flush();
}

void AccessLogWriter::AppendHead(absl::Time time, std::string_view event) {
  batch_ += "{\"time\":\"";
  time_text_.AppendTo(time, batch_);
  absl::StrAppend(&batch_, "\",\"level\":\"info\",\"event\":\"", View(event), "\"");
}

void AccessLogWriter::AppendLine(const AccessRecord& record) {
  AppendHead(record.start, "access");
  absl::StrAppend(&batch_, ",\"front\":\"", View(record.front), "\",\"method\":\"",
                  View(record.method), "\",\"caller\":");
  AppendQuoted(record.caller, batch_);
  batch_ += ",\"tenant\":";
  AppendQuoted(record.tenant, batch_);
  absl::StrAppend(&batch_, ",\"code\":\"", absl::StatusCodeToString(record.code), "\"");
  if (record.reason != ErrorReason::kUnspecified) {
    absl::StrAppend(&batch_, ",\"reason\":\"", View(ErrorReasonName(record.reason)), "\"");
  }
  const int64_t microseconds = absl::ToInt64Microseconds(record.duration);
  absl::StrAppend(&batch_, ",\"milliseconds\":", microseconds / 1000, ".",
                  absl::Dec(microseconds % 1000, absl::kZeroPad3), "}\n");
}

void AccessLogWriter::Flush() {
  if (!batch_.empty()) {
    // Nobody is left to tell that it failed.
    std::fwrite(batch_.data(), 1, batch_.size(), options_.stream);
    std::fflush(options_.stream);
    batch_.clear();
  }
}

}  // namespace

std::unique_ptr<AccessLog> NewAccessLogWriter(AccessLogOptions options) {
  return std::make_unique<AccessLogWriter>(options);
}

}  // namespace genledger
