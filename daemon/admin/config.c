/* SPDX-License-Identifier: MIT
 *
 * The configuration file.  Owns the only use of libconfig.  Called by main and admin/daemon.
 */
#include "admin/config.h"

#include "base/log.h"
#include "base/text.h"
#include "io/address.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>

#define OPT(field, option_name, option_type, ...) \
        MENTIOND_OPTION(struct daemon_options, field, option_name, option_type, __VA_ARGS__)

static const struct mentiond_option rows[] = {
        OPT(state_directory, "state_directory", MENTIOND_STRING,
            .help = "Where the store is; by default what systemd gives ($STATE_DIRECTORY), else /var/lib/mentiond"),
        OPT(control_socket, "control_socket", MENTIOND_STRING,
            .help = "The socket for mentionctl; by default \"control\" in what systemd gives ($RUNTIME_DIRECTORY), else "
                    "/run/mentiond/control"),
        OPT(plugin_directory, "plugin_directory", MENTIOND_STRING, .default_value = PLUGIN_DIRECTORY,
            .help = "Where plugins are"),
        OPT(log_level, "log_level", MENTIOND_STRING, .default_value = "info", .help = "error, warning, info or debug"),
        OPT(listen, "listen", MENTIOND_STRING,
            .help = "Where to listen for hooks, /healthz and /metrics: ADDRESS:PORT, the path of a socket, or systemd; by "
                    "default nowhere"),
        OPT(listen_public, "listen_public", MENTIOND_BOOL, .default_value = "false",
            .help = "Whether that may be an address that other machines reach"),
        OPT(forget_after_usec, "forget_after", MENTIOND_DURATION, .default_value = "90d", .min = USEC_PER_MINUTE,
            .max = 3650 * USEC_PER_DAY, .help = "How long the journal keeps what is done; of a mention then stays its id"),
        OPT(reread_for_usec, "reread_for", MENTIOND_DURATION, .default_value = "7d", .min = 0, .max = 90 * USEC_PER_DAY,
            .help = "How long posts are read again, to tell agents of changes, and their texts kept; 0: not at all"),
        { .name = NULL },
};

const struct options daemon_options = { rows, sizeof rows[0] };

static bool good_name(const char *name)
{
        return ((*name | 32) >= 'a' && (*name | 32) <= 'z')
               && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

/* NULL for what is no single value; malloced. */
static char *value_of(const config_setting_t *set)
{
        switch (config_setting_type(set)) {
        case CONFIG_TYPE_STRING:
                return xstrdup(config_setting_get_string(set));
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                return xasprintf("%lld", config_setting_get_int64(set));
        case CONFIG_TYPE_BOOL:
                return xstrdup(config_setting_get_bool(set) ? "true" : "false");
        default:
                return NULL;
        }
}

/* A list or a group of values becomes settings "NAME.ENTRY", each with its line. */
static void read_list(const char *file, const config_setting_t *set, struct section *s, struct problems *p)
{
        if (config_setting_length(set) == 0)
                problem_add(p, file, config_setting_source_line(set), "%s: %s: the list is empty", s->name,
                            config_setting_name(set));
        for (int i = 0; i < config_setting_length(set); i++) {
                const config_setting_t *entry = config_setting_get_elem(set, (unsigned) i);
                _cleanup_free_ char *value = value_of(entry), *name = NULL;

                name = config_setting_name(entry) ? xasprintf("%s.%s", config_setting_name(set), config_setting_name(entry))
                                                  : xasprintf("%s.%d", config_setting_name(set), i + 1);
                if (value)
                        section_add(s, name, value, config_setting_source_line(entry));
                else
                        problem_add(p, file, config_setting_source_line(entry),
                                    "%s: %s: a text, a whole number, true or false is wanted", s->name, name);
        }
}

static void read_value(const char *file, const config_setting_t *set, struct section *s, struct problems *p)
{
        _cleanup_free_ char *value = value_of(set);

        if (value)
                section_add(s, config_setting_name(set), value, config_setting_source_line(set));
        else
                problem_add(p, file, config_setting_source_line(set), "%s%s%s: a text, a whole number, true or false is wanted",
                            strempty(s->name), s->name ? ": " : "", config_setting_name(set));
}

static void read_setting(const char *file, const config_setting_t *set, struct section *s, struct problems *p)
{
        if (config_setting_is_aggregate(set))
                read_list(file, set, s, p);
        else
                read_value(file, set, s, p);
}

static bool name_is_taken(const struct config *c, const char *name)
{
        for (size_t i = 0; i < c->n_helpdesks; i++)
                if (streq(c->helpdesks[i].name, name))
                        return true;
        for (size_t i = 0; i < c->n_channels; i++)
                if (streq(c->channels[i].name, name))
                        return true;
        return false;
}

static void read_instances(struct config *c, const config_setting_t *group, struct section **list, size_t *n, struct problems *p)
{
        unsigned line = config_setting_source_line(group);

        if (!config_setting_is_group(group)) {
                problem_add(p, c->file, line, "%s: a group of instances is wanted: %s = { NAME = { ... }; };",
                            config_setting_name(group), config_setting_name(group));
                return;
        }
        for (int i = 0; i < config_setting_length(group); i++) {
                const config_setting_t *set = config_setting_get_elem(group, (unsigned) i);
                const char *name = config_setting_name(set);
                struct section s = { .file = c->file, .line = config_setting_source_line(set) };

                if (!config_setting_is_group(set)) {
                        problem_add(p, c->file, s.line, "%s: an instance is wanted: %s = { plugin = ...; };", name, name);
                        continue;
                }
                if (!good_name(name)) {
                        problem_add(p, c->file, s.line, "%s: a name begins with a letter and has letters, digits, '_' and '-'",
                                    name);
                        continue;
                }
                if (name_is_taken(c, name)) {
                        problem_add(p, c->file, s.line, "%s: there is another instance of this name", name);
                        continue;
                }
                s.name = xstrdup(name);
                for (int k = 0; k < config_setting_length(set); k++)
                        read_setting(c->file, config_setting_get_elem(set, (unsigned) k), &s, p);
                *list = xrealloc(*list, (*n + 1) * sizeof s);
                (*list)[(*n)++] = s;
        }
}

static void set_defaults(struct daemon_options *o)
{
        const char *state = getenv("STATE_DIRECTORY"), *runtime = getenv("RUNTIME_DIRECTORY");

        if (isempty(o->state_directory))
                strset(&o->state_directory, state ? state : "/var/lib/mentiond");
        if (isempty(o->control_socket)) {
                free(o->control_socket);
                o->control_socket = xasprintf("%s/control", runtime ? runtime : "/run/mentiond");
        }
}

static void check_listen(const struct daemon_options *o, const char *file, unsigned line, struct problems *p)
{
        struct sockaddr_storage address;
        socklen_t size;

        if (isempty(o->listen) || streq(o->listen, "systemd"))
                return;
        if (address_parse(o->listen, &address, &size) < 0)
                problem_add(p, file, line,
                            "listen is no address with a port, as 127.0.0.1:8090 or [::1]:8090, no path of a socket of at most"
                            " 107 bytes, and not systemd");
        else if (!address_is_loopback((const struct sockaddr *) &address) && !o->listen_public)
                problem_add(p, file, line,
                            "listen is an address that other machines reach: there is no TLS, so let a proxy on this machine"
                            " be reached instead, or set listen_public = true");
}

static void check_names(const struct config *c, struct problems *p)
{
        const char **names = xcalloc(c->n_helpdesks + 1, sizeof *names);

        for (size_t i = 0; i < c->n_helpdesks; i++)
                names[i] = c->helpdesks[i].name;
        for (size_t i = 0; i < c->n_channels; i++) {
                const struct setting *set = section_get(&c->channels[i], "helpdesk");
                const char *near;
                bool found = false;

                for (size_t k = 0; set && k < c->n_helpdesks; k++)
                        found |= streq(names[k], set->value);
                if (!set || found)
                        continue;
                near = text_nearest(set->value, names);
                problem_add(p, c->file, set->line, near ? "%s: there is no helpdesk \"%s\" (did you mean \"%s\"?)"
                                                        : "%s: there is no helpdesk \"%s\"",
                            c->channels[i].name, set->value, near);
        }
        free(names);
}

void config_load(const char *file, struct config *ret, struct problems *p)
{
        struct section own = { .name = NULL };
        config_t cfg;

        *ret = (struct config) { .file = xstrdup(file) };
        own.file = ret->file;
        config_init(&cfg);
        if (!config_read_file(&cfg, file)) {
                if (config_error_type(&cfg) == CONFIG_ERR_FILE_IO)
                        problem_add(p, file, 0, "cannot be read: %s", strerror(errno ? errno : EIO));
                else
                        problem_add(p, config_error_file(&cfg) ? config_error_file(&cfg) : file,
                                    (unsigned) config_error_line(&cfg), "%s", config_error_text(&cfg));
                config_destroy(&cfg);
                return;
        }
        own.name = xstrdup("mentiond");
        for (int i = 0; i < config_setting_length(config_root_setting(&cfg)); i++) {
                const config_setting_t *set = config_setting_get_elem(config_root_setting(&cfg), (unsigned) i);
                const char *name = config_setting_name(set);

                if (streq(name, "helpdesk"))
                        read_instances(ret, set, &ret->helpdesks, &ret->n_helpdesks, p);
                else if (streq(name, "channel"))
                        read_instances(ret, set, &ret->channels, &ret->n_channels, p);
                else
                        read_value(file, set, &own, p);
        }
        options_fill(&daemon_options, (void *[]) { &ret->options }, 1, &own, p);
        if (ret->options.log_level && log_level_from_string(ret->options.log_level) < 0)
                problem_add(p, file, section_get(&own, "log_level")->line, "log_level is neither error, warning, info nor debug");
        if (section_get(&own, "listen"))
                check_listen(&ret->options, file, section_get(&own, "listen")->line, p);
        set_defaults(&ret->options);
        check_names(ret, p);
        section_done(&own);
        config_destroy(&cfg);
}

static void free_sections(struct section *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                section_done(&list[i]);
        free(list);
}

void config_done(struct config *c)
{
        free_sections(c->helpdesks, c->n_helpdesks);
        free_sections(c->channels, c->n_channels);
        options_free(&daemon_options, &c->options);
        free(c->file);
        *c = (struct config) { .file = NULL };
}

struct instance *config_instances(const struct config *c, struct host *h, struct problems *p)
{
        struct instance *first = NULL, **last = &first;

        for (size_t n = 0; n < c->n_helpdesks + c->n_channels; n++) {
                bool helpdesk = n < c->n_helpdesks;
                const struct section *s = helpdesk ? &c->helpdesks[n] : &c->channels[n - c->n_helpdesks];
                struct instance *i = instance_new(h, s, helpdesk ? MENTIOND_HELPDESK : MENTIOND_CHANNEL,
                                                  c->options.plugin_directory, p);

                if (!i)
                        continue;
                *last = i;
                last = &i->next;
        }
        if (p->n) {
                config_free_instances(first);
                return NULL;
        }
        return first;
}

void config_free_instances(struct instance *list)
{
        while (list) {
                struct instance *i = list;

                list = i->next;
                instance_free(i);
        }
}
