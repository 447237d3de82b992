#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/libfuzzer_entry.h"

GL_LIBFUZZER_ENTRY(FuzzUrl)
