#pragma once

// The C++ test harness: PWW_TEST registers a test, PWW_CHECK counts failures and
// continues, RunAll prints one line per test. So the tests need only a compiler.

#include <cstdio>
#include <vector>

namespace pww::test {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}

inline int& Failures() {
  static int failures = 0;
  return failures;
}

struct Registrar {
  Registrar(const char* name, void (*run)()) { Cases().push_back({name, run}); }
};

inline int RunAll() {
  for (const Case& test : Cases()) {
    const int before = Failures();
    test.run();
    std::printf("%s %s\n", Failures() == before ? "ok  " : "FAIL", test.name);
  }
  std::printf("%zu tests, %d failed checks\n", Cases().size(), Failures());
  return Failures() == 0 && !Cases().empty() ? 0 : 1;
}

}  // namespace pww::test

#define PWW_TEST(name)                                               \
  static void name();                                                \
  static const ::pww::test::Registrar name##_registrar(#name, name); \
  static void name()

#define PWW_CHECK(condition)                                                    \
  do {                                                                          \
    if (!(condition)) {                                                         \
      ++::pww::test::Failures();                                                \
      std::printf("%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                           \
  } while (false)
