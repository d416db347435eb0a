/* SPDX-License-Identifier: MIT
 *
 * mentiond(8): options, signals, the loop, the service manager.
 */
#include "admin/daemon.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define REBUILD_DAYS_MAX 365     /* what was filed longer ago is hardly worth a look at each post */
#define CONFIG_DEFAULT SYSCONF_DIRECTORY "/mentiond.conf"

static void usage(FILE *f)
{
        fputs("Usage: mentiond [-c FILE]                 run\n"
              "       mentiond [-c FILE] --check-config  say what is wrong with the configuration\n"
              "       mentiond [-c FILE] --describe NAME show a plugin and its options\n"
              "       mentiond [-c FILE] --restore BACKUP\n"
              "                                          put a backup in the place of the store\n"
              "       mentiond [-c FILE] --rebuild DAYS  make a new store, from what the helpdesk knows\n"
              "       mentiond --version | --help\n"
              "\n"
              "  -c, --config FILE   the configuration; default " CONFIG_DEFAULT "\n"
              "\n"
              "See mentiond(8), mentiond.conf(5), mentionctl(1).\n", f);
}

static int load(const char *file, bool watched, struct config *c)
{
        struct problems p = PROBLEMS_INIT;
        int r;

        config_load(file, c, &p);
        if (!p.n && watched)
                bench_open(c->options.state_directory);  /* before any plugin is loaded */
        if (!p.n) {
                struct host none = { .loop = NULL };
                struct loop *l = NULL;

                /* Made once to be judged; the daemon makes them again when it has a store. */
                if (loop_new(&l) >= 0) {
                        none.loop = l;
                        config_free_instances(config_instances(c, &none, &p));
                        loop_free(l);
                }
        }
        fputs(buffer_str(&p.text), stderr);
        r = p.n ? -EINVAL : 0;
        buffer_done(&p.text);
        return r;
}

static int check_config(const char *file)
{
        _cleanup_config_ struct config c;

        if (load(file, false, &c) < 0)
                return EXIT_FAILURE;
        printf("%s: ok: %zu %s, %zu %s\n", file, c.n_helpdesks, c.n_helpdesks == 1 ? "helpdesk" : "helpdesks", c.n_channels,
               c.n_channels == 1 ? "channel" : "channels");
        return EXIT_SUCCESS;
}

static void describe_options(const char *title, const struct options *o)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(256 * 1024);
        const struct mentiond_option *row;

        for (size_t i = 0; (row = options_at(o, i)); i++)
                option_describe(row, &b);
        printf("\n%s:\n%s", title, buffer_str(&b));
}

static int describe(const char *file, const char *name)
{
        _cleanup_config_ struct config c;
        _cleanup_free_ char *error = NULL;
        struct problems ignored = PROBLEMS_INIT;
        struct plugin *p;
        const char *directory;

        /* A plugin can be looked at before there is a configuration. */
        config_load(file, &c, &ignored);
        buffer_done(&ignored.text);
        directory = isempty(c.options.plugin_directory) ? PLUGIN_DIRECTORY : c.options.plugin_directory;
        if (plugin_load(directory, name, &p, &error) < 0) {
                fprintf(stderr, "mentiond: %s\n", error);
                return EXIT_FAILURE;
        }
        printf("%s %s: %s\n", p->name, strempty(p->head.version), strempty(p->head.summary));
        printf("A plugin for a %s, built for API %u.%u.\n", p->head.kind == MENTIOND_CHANNEL ? "channel" : "helpdesk",
               p->head.api_version >> 16, p->head.api_version & 0xffff);
        describe_options("Its own options", &p->options);
        describe_options("Options of each such instance",
                         p->head.kind == MENTIOND_CHANNEL ? &instance_options_channel : &instance_options_helpdesk);
        plugin_forget_all();
        return EXIT_SUCCESS;
}

/* --- The store's repair, while no daemon runs --- */

static int say_store(int r, const char *directory, const char *kept, const char *error)
{
        if (r < 0) {
                fprintf(stderr, "mentiond: %s\n", error);
                return EXIT_FAILURE;
        }
        printf("The store in %s is ready%s%s. Start mentiond: it looks for what has happened since, before it files or posts "
               "anything.\n",
               directory, *kept ? "; the one before is kept as " : "", kept);
        return EXIT_SUCCESS;
}

static int restore(const char *file, const char *backup)
{
        _cleanup_free_ char *kept = NULL, *error = NULL;
        _cleanup_config_ struct config c;
        int r;

        if (load(file, false, &c) < 0)
                return EXIT_FAILURE;
        (void) umask(077);
        r = store_restore(c.options.state_directory, backup, &kept, &error);
        return say_store(r, c.options.state_directory, kept, error);
}

static int rebuild(const char *file, const char *text)
{
        _cleanup_free_ char *kept = NULL, *error = NULL;
        _cleanup_free_ struct store_seed *seeds = NULL;
        _cleanup_config_ struct config c;
        char *end;
        long days = strtol(text, &end, 10);
        size_t n = 0;
        int r;

        if (*end || end == text || days < 1 || days > REBUILD_DAYS_MAX) {
                fprintf(stderr, "mentiond: --rebuild: \"%s\" is no number of days from 1 to %d\n", text, REBUILD_DAYS_MAX);
                return 2;
        }
        if (load(file, false, &c) < 0)
                return EXIT_FAILURE;
        (void) umask(077);
        seeds = xcalloc(c.n_helpdesks + c.n_channels, sizeof *seeds);
        for (size_t i = 0; i < c.n_helpdesks; i++)
                seeds[n++] = (struct store_seed) { c.helpdesks[i].name, section_get(&c.helpdesks[i], "plugin")->value };
        for (size_t i = 0; i < c.n_channels; i++)
                seeds[n++] = (struct store_seed) { c.channels[i].name, section_get(&c.channels[i], "plugin")->value };
        r = store_rebuild(c.options.state_directory, seeds, n, utc_usec() - days * USEC_PER_DAY, &kept, &error);
        return say_store(r, c.options.state_directory, kept, error);
}

static void on_end(int signo _unused_, void *data)
{
        daemon_end(data);
}

static void on_reload(int signo _unused_, void *data)
{
        daemon_reload(data);
}

/* What is opened next must not become stderr, and get the log: it may be a connection. */
static void open_standard_files(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

static int run(const char *file)
{
        _cleanup_(loop_freep) struct loop *l = NULL;
        _cleanup_config_ struct config c;
        struct daemon d = { .loop = NULL };
        int r;

        if (load(file, true, &c) < 0)
                return EXIT_FAILURE;
        log_set_level(log_level_from_string(c.options.log_level));
        crash_init();
        (void) umask(077);               /* the store and its log hold conversations */
        r = loop_new(&l);
        if (r >= 0)
                r = loop_signal_add(l, SIGTERM, on_end, &d);
        if (r >= 0)
                r = loop_signal_add(l, SIGINT, on_end, &d);
        if (r >= 0)
                r = loop_signal_add(l, SIGHUP, on_reload, &d);
        if (r >= 0)
                r = loop_watchdog(l);
        if (r < 0) {
                log_event(LOG_ERR, "the event loop cannot be set up", F("reason", strerror(-r)));
                return EXIT_FAILURE;
        }
        r = daemon_open(&d, l, &c, 0);
        if (r >= 0)
                r = loop_run(l);
        daemon_close(&d);
        bench_close();
        log_event(LOG_INFO, "ended");
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' }, { "check-config", no_argument, NULL, 'k' },
                { "describe", required_argument, NULL, 'd' }, { "version", no_argument, NULL, 'v' },
                { "help", no_argument, NULL, 'h' },          { "restore", required_argument, NULL, 'r' },
                { "rebuild", required_argument, NULL, 'b' }, { NULL, 0, NULL, 0 },
        };
        const char *file = CONFIG_DEFAULT, *plugin = NULL, *backup = NULL, *days = NULL;
        bool check = false;
        int c;

        open_standard_files();
        (void) signal(SIGPIPE, SIG_IGN);         /* stderr may be one that nobody reads any more */
        while ((c = getopt_long(argc, argv, "c:h", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        file = optarg;
                        break;
                case 'k':
                        check = true;
                        break;
                case 'd':
                        plugin = optarg;
                        break;
                case 'r':
                        backup = optarg;
                        break;
                case 'b':
                        days = optarg;
                        break;
                case 'v':
                        puts("mentiond " PACKAGE_VERSION);
                        return EXIT_SUCCESS;
                case 'h':
                        usage(stdout);
                        return EXIT_SUCCESS;
                default:
                        usage(stderr);
                        return 2;
                }
        if (optind < argc) {
                usage(stderr);
                return 2;
        }
        if (plugin)
                return describe(file, plugin);
        if (backup)
                return restore(file, backup);
        if (days)
                return rebuild(file, days);
        return check ? check_config(file) : run(file);
}
