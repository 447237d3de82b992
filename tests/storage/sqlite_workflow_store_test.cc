#include "storage/sqlite/sqlite_workflow_store.h"

#include "tests/storage/null_logger.h"
#include "tests/storage/temporary_directory.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

class SqliteBackend : public StoreBackend {
 public:
  explicit SqliteBackend(Clock* clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<WorkflowStore>> Open() override {
    return SqliteWorkflowStore::Open(
        {.path = directory_.File("ledger.db"), .clock = clock_, .logger = &logger_});
  }

 private:
  Clock* const clock_;
  NullLogger logger_;
  const TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, WorkflowStoreConformance,
                         testing::Values(StoreBackendFactory{
                             "sqlite",
                             [](Clock* clock) { return std::make_unique<SqliteBackend>(clock); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace genledger
