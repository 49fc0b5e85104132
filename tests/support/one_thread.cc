// Linked into every test program that does not say THREADS (cmake/TillrelayBuild.cmake): the thread
// sanitizer runs those that do, and one that starts a thread without saying so would escape it.
#include <pthread.h>

#include <cstdio>
#include <cstdlib>

extern "C" int pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) noexcept {
  std::fputs("This program starts a thread: give its tillrelay_test() the word THREADS.\n", stderr);
  std::abort();
}
