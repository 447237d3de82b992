// How single values are kept in columns: ids, times, labels, lists.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "service/base/ids.h"

namespace genledger {

using UlidBytes = std::array<uint8_t, 16>;

// nullopt for what is no submission id.
std::optional<UlidBytes> EncodeId(const SubmissionId& id);
SubmissionId DecodeId(const UlidBytes& bytes);

// Microseconds since 1970. 0 stands for InfinitePast, so that an unset time sorts first and takes
// no space; 1970 itself cannot be told from it.
int64_t EncodeTime(absl::Time time);
absl::Time DecodeTime(int64_t micros);

// Each string as its length (a varint) and its bytes. Decoding: nullopt for a damaged list.
std::string EncodeStrings(const std::vector<std::string_view>& strings);
std::optional<std::vector<std::string>> DecodeStrings(std::string_view bytes);

std::string EncodeLabels(const std::map<std::string, std::string>& labels);
std::optional<std::map<std::string, std::string>> DecodeLabels(std::string_view bytes);

std::string EncodeTaskIds(const std::vector<TaskId>& task_ids);
std::optional<std::vector<TaskId>> DecodeTaskIds(std::string_view bytes);

}  // namespace genledger
