// GL_LIBFUZZER_ENTRY(function): what libFuzzer's main calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#define GL_LIBFUZZER_ENTRY(function)                                                              \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {                       \
    genledger::function(size == 0 ? std::string_view()                                            \
                                  : std::string_view(reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                                     \
  }
