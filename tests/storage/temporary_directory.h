// A directory of one test's own, removed with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "service/base/check.h"

namespace genledger {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(testing::TempDir() + "/storeXXXXXX") {
    GL_CHECK(mkdtemp(path_.data()) != nullptr, "a temporary directory");
    path_ = std::filesystem::canonical(path_).string();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;  // the test has said what it had to say
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace genledger
