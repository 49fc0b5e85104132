// Loaded before a program (LD_PRELOAD): what it syncs is noted below the folder that
// TILLRELAY_TEST_POWER names (without it: nowhere), so that a test can tell what a power cut would
// have left:
//   inode-N    the bytes that the file with that number held when it was synced last
//   names-N    the names in the folder with that number then, "inode name" a line
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string Bytes(int handle) {
  std::string bytes;
  char piece[4096];
  const std::string path = "/proc/self/fd/" + std::to_string(handle);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) std::abort();
  for (ssize_t count = 0; (count = read(file, piece, sizeof piece)) > 0;) {
    bytes.append(piece, static_cast<size_t>(count));
  }
  close(file);
  return bytes;
}

std::string Names(int handle) {
  std::string lines;
  const std::string path = "/proc/self/fd/" + std::to_string(handle);
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) std::abort();
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    lines += std::to_string(entry->d_ino) + " " + name + "\n";
  }
  closedir(folder);
  return lines;
}

// Whole or not at all, also when the program is killed here.
void Note(const std::string& path, const std::string& text) {
  const std::string hidden = path + "." + std::to_string(getpid());
  FILE* file = std::fopen(hidden.c_str(), "w");
  if (file == nullptr) std::abort();
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) std::abort();
  if (std::fclose(file) != 0) std::abort();
  if (std::rename(hidden.c_str(), path.c_str()) != 0) std::abort();
}

// What one program has read must not replace what another one has read later: one at a time. The
// lock ends with its holder.
void NoteSync(int handle) {
  const char* const folder = std::getenv("TILLRELAY_TEST_POWER");
  struct stat what {};
  if (folder == nullptr || fstat(handle, &what) != 0) return;
  const std::string base = std::string(folder) + "/";
  const int lock = open((base + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX) != 0) std::abort();
  const std::string number = std::to_string(what.st_ino);
  if (S_ISREG(what.st_mode)) Note(base + "inode-" + number, Bytes(handle));
  if (S_ISDIR(what.st_mode)) Note(base + "names-" + number, Names(handle));
  close(lock);
}

}  // namespace

extern "C" int fsync(int handle) {
  using Real = int (*)(int);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "fsync"));
  NoteSync(handle);
  return real(handle);
}
