// What tells one submission's rows from another's.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace genledger::bench {

struct RowKeys {
  int64_t seq = 0;  // from 1 on
  std::array<uint8_t, 16> id = {};
  std::array<uint8_t, 32> hash = {};
  std::string request;  // canonical encoding
  std::string request_id;
  std::string task_id;
  int64_t create_time_us = 0;  // since 1970
};

}  // namespace genledger::bench
