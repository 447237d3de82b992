#include "storage/sqlite/list_reader.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "service/base/status_macros.h"
#include "storage/column_codec.h"
#include "storage/list_page.h"
#include "storage/sqlite/sql.h"

namespace genledger::sqlite {
namespace {

// Rows of one tenant that a merge reads ahead.
constexpr size_t kMergeRowsAhead = 16;

std::string EncodedId(const Submission& submission) {
  const std::optional<UlidBytes> bytes = EncodeId(submission.id);
  return bytes.has_value() ? std::string(bytes->begin(), bytes->end()) : std::string();
}

}  // namespace

ListReader::ListReader(SQLite::Database& database, Names* names)
    : names_(names),
      ascending_(database, sql::kListAscending),
      descending_(database, sql::kListDescending),
      tenant_ascending_(database, sql::kListTenantAscending),
      tenant_descending_(database, sql::kListTenantDescending),
      updated_ascending_(database, sql::kListUpdatedAscending),
      updated_descending_(database, sql::kListUpdatedDescending),
      pending_ascending_(database, sql::kListPendingAscending),
      pending_descending_(database, sql::kListPendingDescending),
      unknown_ascending_(database, sql::kListUnknownAscending),
      unknown_descending_(database, sql::kListUnknownDescending),
      pending_keys_(database, sql::kSelectPendingKeys),
      dispatching_keys_(database, sql::kSelectDispatchingKeys),
      unknown_keys_(database, sql::kSelectUnknownKeys),
      by_seq_(database, sql::kSelectBySeq),
      next_tenant_(database, sql::kSelectNextTenant) {}

absl::Status ListReader::Scan(const ListQuery& query, Taker take) {
  const ListRange range = RangeOf(query);
  if (const auto statements = StatementsOf(RequiredState(query.filter)); statements.has_value()) {
    return ScanState(query, range, *statements, take);
  }
  if (query.order_by == ListOrder::kCreateTime) {
    return ScanOrder(query, range, take);
  }
  if (query.tenant.has_value()) {
    return ScanTenantUpdates(*query.tenant, query.descending, range, take);
  }
  return ScanMerged(query, range, take);
}

std::optional<ListReader::StateStatements> ListReader::StatementsOf(
    std::optional<SubmissionState> state) {
  if (state == SubmissionState::kPending) {
    return StateStatements{&pending_keys_, &pending_ascending_, &pending_descending_};
  }
  if (state == SubmissionState::kDispatching) {
    return StateStatements{.keys = &dispatching_keys_};
  }
  if (state == SubmissionState::kOutcomeUnknown) {
    return StateStatements{&unknown_keys_, &unknown_ascending_, &unknown_descending_};
  }
  return std::nullopt;
}

absl::Status ListReader::ScanState(const ListQuery& query, const ListRange& range,
                                   const StateStatements& statements, Taker take) {
  SQLite::Statement* const in_order =
      query.descending ? statements.descending : statements.ascending;
  if (in_order == nullptr || !query.tenant.has_value() ||
      query.order_by != ListOrder::kCreateTime) {
    return ScanKeys(StateKeys(query, range, *statements.keys), take);
  }
  StatementUse use(*in_order);
  use.Blob(range.lower.id).Blob(range.upper.id).Text(*query.tenant);
  return Run(use, take);
}

std::vector<ListReader::StateKey> ListReader::StateKeys(const ListQuery& query,
                                                        const ListRange& range,
                                                        SQLite::Statement& statement) {
  const auto comes_first = [&](const StateKey& a, const StateKey& b) {
    return query.descending ? b.key < a.key : a.key < b.key;
  };
  // No page looks at more: what would come later is dropped on the way.
  const size_t keys_max = static_cast<size_t>(std::max(query.limit, 1)) +
                          static_cast<size_t>(std::max(query.scan_rows_max, 1)) + 1;
  std::vector<StateKey> keys;
  StatementUse use(statement);
  while (use.Step()) {
    RowReader row(use.statement());
    const int64_t seq = row.Int();
    std::string id = row.Text();
    const bool visible = row.View() == query.tenant.value_or("") || !query.tenant.has_value();
    StateKey key{.key = KeyOf(query, row.Int(), std::move(id)), .seq = seq};
    if (visible && range.Contains(key.key)) {
      keys.push_back(std::move(key));
    }
    if (keys.size() == 2 * keys_max) {
      std::nth_element(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(keys_max), keys.end(),
                       comes_first);
      keys.resize(keys_max);
    }
  }
  std::sort(keys.begin(), keys.end(), comes_first);
  return keys;
}

absl::Status ListReader::ScanKeys(const std::vector<StateKey>& keys, Taker take) {
  for (const StateKey& key : keys) {
    StatementUse use(by_seq_);
    use.Int(key.seq);
    if (!use.Step()) {
      return absl::InternalError("an index of the database names a row that is not there");
    }
    absl::StatusOr<StoredSubmission> row = DecodeSubmissionRow(use.statement(), *names_);
    GL_RETURN_IF_ERROR(row.status());
    if (!take(*std::move(row))) {
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status ListReader::Run(StatementUse& use, Taker take) {
  while (use.Step()) {
    absl::StatusOr<StoredSubmission> row = DecodeSubmissionRow(use.statement(), *names_);
    GL_RETURN_IF_ERROR(row.status());
    if (!take(*std::move(row))) {
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status ListReader::ScanOrder(const ListQuery& query, const ListRange& range, Taker take) {
  if (!query.tenant.has_value()) {
    StatementUse use(query.descending ? descending_ : ascending_);
    use.Blob(range.lower.id).Blob(range.upper.id);
    return Run(use, take);
  }
  StatementUse use(query.descending ? tenant_descending_ : tenant_ascending_);
  use.Blob(range.lower.id).Blob(range.upper.id).Text(*query.tenant);
  return Run(use, take);
}

absl::Status ListReader::ScanTenantUpdates(const std::string& tenant, bool descending,
                                           const ListRange& range, Taker take) {
  StatementUse use(descending ? updated_descending_ : updated_ascending_);
  use.Int(range.lower.update_time)
      .Blob(range.lower.id)
      .Int(range.upper.update_time)
      .Blob(range.upper.id)
      .Text(tenant);
  return Run(use, take);
}

// A tenant's rows that were read ahead, and the range of those that were not.
struct ListReader::TenantStream {
  std::string tenant;
  ListRange range;
  std::deque<StoredSubmission> rows;
  bool ended = false;
};

absl::Status ListReader::Refill(const ListQuery& query, TenantStream& stream) {
  GL_RETURN_IF_ERROR(
      ScanTenantUpdates(stream.tenant, query.descending, stream.range, [&](StoredSubmission&& row) {
        stream.rows.push_back(std::move(row));
        return stream.rows.size() < kMergeRowsAhead;
      }));
  stream.ended = stream.rows.size() < kMergeRowsAhead;
  if (!stream.rows.empty()) {
    const Submission& last = stream.rows.back().submission;
    ListKey& end = query.descending ? stream.range.upper : stream.range.lower;
    end = KeyOf(query, EncodeTime(last.update_time), EncodedId(last));
  }
  return absl::OkStatus();
}

std::vector<std::string> ListReader::Tenants() {
  // The empty tenant comes first and is not found by walking.
  std::vector<std::string> tenants = {""};
  for (;;) {
    StatementUse use(next_tenant_);
    use.Text(tenants.back());
    if (!use.Step() || use.statement().isColumnNull(0)) {
      return tenants;
    }
    tenants.push_back(RowReader(use.statement()).Text());
  }
}

absl::Status ListReader::ScanMerged(const ListQuery& query, const ListRange& range, Taker take) {
  std::vector<TenantStream> streams;
  for (std::string& tenant : Tenants()) {
    TenantStream stream{.tenant = std::move(tenant), .range = range};
    GL_RETURN_IF_ERROR(Refill(query, stream));
    if (!stream.rows.empty()) {
      streams.push_back(std::move(stream));
    }
  }
  while (!streams.empty()) {
    const auto next = std::min_element(
        streams.begin(), streams.end(), [&](const TenantStream& a, const TenantStream& b) {
          return ComesBefore(query, PositionOf(a.rows.front().submission),
                             PositionOf(b.rows.front().submission));
        });
    StoredSubmission row = std::move(next->rows.front());
    next->rows.pop_front();
    if (!take(std::move(row))) {
      break;
    }
    if (next->rows.empty() && !next->ended) {
      GL_RETURN_IF_ERROR(Refill(query, *next));
    }
    if (next->rows.empty()) {
      streams.erase(next);
    }
  }
  return absl::OkStatus();
}

}  // namespace genledger::sqlite
