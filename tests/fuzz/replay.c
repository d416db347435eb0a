/* SPDX-License-Identifier: MIT
 *
 * In the place of libFuzzer: gives a target each file of its corpus once.  TAP with one test.
 *
 *   TARGET [FILE]...        default: all files of $srcdir/tests/fuzz/corpus/TARGET, and the empty input
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define HANGS_AFTER 300          /* seconds for all: the longest takes 11 under valgrind */
#define FILE_MAX (4 * 1024 * 1024)

static void give(const char *path)
{
        _cleanup_free_ char *bytes = NULL, *exact = NULL;
        size_t size;

        printf("# %s\n", path);          /* the last one of the log is the guilty one */
        (void) fflush(stdout);
        if (read_file(path, FILE_MAX, &bytes, &size) < 0) {
                printf("Bail out! %s cannot be read\n", path);
                exit(EXIT_FAILURE);
        }
        exact = xmalloc(size ? size : 1);
        memcpy(exact, bytes, size);
        (void) LLVMFuzzerTestOneInput((const uint8_t *) exact, size);
}

static int is_file(const struct dirent *e)
{
        return *e->d_name != '.';
}

int main(int argc, char **argv)
{
        const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], *srcdir = getenv("srcdir");
        _cleanup_free_ char *target = NULL, *folder = NULL;
        struct dirent **files = NULL;
        int n = 0;

        name = startswith(name, "lt-") ? name + 3 : name;
        target = xstrdup(startswith(name, "replay_") ? name + 7 : name);
        folder = xasprintf("%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", target);
        (void) alarm(HANGS_AFTER);
        puts("1..1");
        (void) LLVMFuzzerTestOneInput((const uint8_t *) "", 0);
        if (argc > 1) {
                for (n = 1; n < argc; n++)
                        give(argv[n]);
                n--;
        } else {
                n = scandir(folder, &files, is_file, alphasort);
                for (int i = 0; i < n; i++) {
                        _cleanup_free_ char *path = xasprintf("%s/%s", folder, files[i]->d_name);

                        give(path);
                        free(files[i]);
                }
                free(files);
        }
        printf("%s 1 - %s: %d inputs of its corpus\n", n > 0 ? "ok" : "not ok", target, n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
