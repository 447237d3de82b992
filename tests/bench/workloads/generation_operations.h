// The calls of GenerationService that are measured.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/channels.h"
#include "tests/bench/workloads/operation.h"
#include "tests/bench/workloads/row_spread.h"

namespace genledger::bench {

// The ids of a store's submissions, by row. Written by at most one call a row.
using SubmissionIds = std::vector<std::string>;

// The submissions that reads and duplicates are spread over.
struct KnownRows {
  std::string series;  // of their contents and request_ids
  RowSpread spread;
  std::function<std::string(int64_t row)> id_of;
};

struct NewOptions {
  std::string series;  // nobody else's on this store
  bool with_request_id = false;
  // How long a call waits for the upstream; zero: the server's default.
  absl::Duration wait;
  SubmissionIds* ids = nullptr;  // receives the id of each row that it has room for
};

// In all of these the channels must outlive the operation.

// NEW: row 0, 1, 2 … of a series, each answered once it is SUBMITTED. Goes on with the next row
// from one run to the next.
std::unique_ptr<Operation> NewNewOperation(const Channels& channels, NewOptions options);
// DUPLICATE: a content that is there, answered JOINED; or a request_id that is there with its
// content, answered REPLAYED.
std::unique_ptr<Operation> NewDuplicateOperation(const Channels& channels, KnownRows rows,
                                                 bool by_request_id);
// GET by id, view BASIC.
std::unique_ptr<Operation> NewGetOperation(const Channels& channels, KnownRows rows);
// LIST: the first page of 50, newest first, view BASIC.
std::unique_ptr<Operation> NewListOperation(const Channels& channels);
// WATCH by id from the beginning until the server ends the stream, which is once the submission has
// ended.
std::unique_ptr<Operation> NewWatchOperation(const Channels& channels, KnownRows rows);

}  // namespace genledger::bench
