/* SPDX-License-Identifier: MIT
 *
 * mentiond-check(1): whether a plugin keeps to the rules, against a network that is a folder of answers; and single calls of one.
 */
#include "ctl/check.h"

#include "ctl/call.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <stdio.h>

static const char *directory = PLUGIN_DIRECTORY;

static void usage(FILE *f)
{
        fputs("Usage: mentiond-check [-p DIRECTORY] PLUGIN [FOLDER]\n"
              "       mentiond-check [-p DIRECTORY] --call PLUGIN [NAME=VALUE]...\n\n"
              "  PLUGIN                            a name, or a file's path\n"
              "  FOLDER                            what the plugin is answered; without it, only its struct and options are"
              " looked at\n"
              "  -p, --plugin-directory DIRECTORY  where plugins are looked for by name; default " PLUGIN_DIRECTORY "\n"
              "  -c, --call                        calls operations, as the standard input says, against the real other side\n\n"
              "See mentiond-check(1).\n", f);
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_, struct FTW *ftw _unused_)
{
        return remove(path);
}

/* --- Checks --- */

static void run_group(const char *state, const char *name, void (*fn)(void))
{
        _cleanup_free_ char *journal = xasprintf("%s/%s", state, name);

        process_check(journal, fn);
}

static void tell_findings(void)
{
        result("no secret comes into the log, a reason or what is emitted", board->leak);
        if (*board->injected)
                fail("what comes from outside is escaped in paths and headers", "%s: mentiond_escape()", board->injected);
        else
                pass("what comes from outside is escaped in paths and headers");
        if (*board->unknown)
                fail("each request has an answer in the folder", "%s has none: add it as NAME-WHAT.http, or mend the request",
                     board->unknown);
        else
                pass("each request has an answer in the folder");
}

static void check_all(const char *state)
{
        run_group(state, "plugin", check_plugin);
        if (!board->loaded || !answers.folder)
                return;
        run_group(state, "start", check_start);
        run_group(state, "poll", check_poll);
        check_kills(state);
        run_group(state, "writing", check_writing);
        run_group(state, "others", check_others);
        run_group(state, "faults", check_faults);
        run_group(state, "blocking", check_blocking);
        run_group(state, "hostile", check_hostile);
        run_group(state, "stop", check_stop);
        tell_findings();
}

/* glibc counts what its caches hold as taken.  It reads how large they are when the process begins. */
static void count_exactly(char **argv)
{
        if (getenv("GLIBC_TUNABLES"))
                return;
        (void) setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        (void) execv("/proc/self/exe", argv);    /* without it the memory is counted roughly */
}

static int check(const char *plugin_name, const char *folder, const char *state)
{
        _cleanup_free_ char *url = NULL, *error = NULL;
        int fd, r;

        r = server_listen(&fd, &url);
        if (r < 0) {
                fprintf(stderr, "mentiond-check: cannot listen on 127.0.0.1: %s\n", strerror(-r));
                return 2;
        }
        if (folder && answers_read(&answers, folder, url, &error) < 0) {
                fprintf(stderr, "mentiond-check: %s\n", error);
                answers_done(&answers);
                return 2;
        }
        process_prepare(directory, plugin_name, fd, url);
        check_all(state);
        printf("1..%u\n", board->n);
        r = board->n_failed || !board->n ? EXIT_FAILURE : EXIT_SUCCESS;
        process_forget();
        answers_done(&answers);
        (void) close(fd);
        return r;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "plugin-directory", required_argument, NULL, 'p' }, { "call", no_argument, NULL, 'c' },
                { "version", no_argument, NULL, 'V' },
                { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
        };
        const char *temporary = isempty(getenv("TMPDIR")) ? "/tmp" : getenv("TMPDIR");
        _cleanup_free_ char *path = NULL, *state = xasprintf("%s/mentiond-check-XXXXXX", temporary);
        bool calls = false;
        char *name, *slash;
        int c, r;

        while ((c = getopt_long(argc, argv, "+p:ch", options, NULL)) != -1)
                switch (c) {
                case 'p':
                        directory = optarg;
                        break;
                case 'c':
                        calls = true;
                        break;
                case 'V':
                        puts("mentiond-check " PACKAGE_VERSION);
                        return EXIT_SUCCESS;
                case 'h':
                        usage(stdout);
                        return EXIT_SUCCESS;
                default:
                        usage(stderr);
                        return 2;
                }
        if (optind >= argc || (!calls && argc - optind > 2)) {
                usage(stderr);
                return 2;
        }
        if (!calls)
                count_exactly(argv);
        name = path = xstrdup(argv[optind]);
        slash = strrchr(name, '/');
        if (slash) {                     /* DIRECTORY/NAME.so */
                size_t size;

                *slash = '\0';
                directory = slash == name ? "/" : name;
                name = slash + 1;
                size = strlen(name);
                if (size > 3 && streq(name + size - 3, ".so"))
                        name[size - 3] = '\0';
        }
        if (!mkdtemp(state)) {
                fprintf(stderr, "mentiond-check: cannot make a folder in %s: %s\n", temporary, strerror(errno));
                return 2;
        }
        r = calls ? calls_serve(directory, name, argv + optind + 1, state) : check(name, argv[optind + 1], state);
        (void) nftw(state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return r;
}
