// The file system of connections that write: what a commit appends to the log goes out together.
#pragma once

#include <cstddef>
#include <string>

namespace genledger::sqlite {

// Bytes of the log that are gathered before they are written: 31 pages, and the most that SQLite's
// file system for Unix takes in one call (it looks at 17 bits of their number).
inline constexpr size_t kLogBufferBytesMax = (size_t{1} << 17) - 1;

// The name of a VFS for sqlite3_open_v2 that lies over the default one. SQLite writes each page of
// its log by two calls, of which a commit of many writes makes hundreds; this gathers what follows
// on one another, and writes it when it is synced, read, measured, cut, or fills the buffer; what
// is still there when the log is closed is dropped. Every other file is the default's alone.
//
// Nobody can tell the difference: SQLite says that a commit has happened only after the sync
// (synchronous = FULL), and others read no further than that. A write that fails is told by the
// call that caused it, at the latest by the sync. Thread safe.
std::string LogBufferVfsName();

}  // namespace genledger::sqlite
