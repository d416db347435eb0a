/* SPDX-License-Identifier: MIT
 *
 * The plugin loader.  Owns the list of loaded plugins.  Model: nbdkit.  The plugin's struct is copied, as far as
 * it goes, into one of our own size, so that a plugin built for an older API has NULL where we know more.
 */
#include "host/plugin.h"

#include "base/text.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>

#define PLUGINS_MAX 256          /* names looked at for a hint */

static struct plugin *plugins;

static bool good_name(const char *name)
{
        return name[0] >= 'a' && name[0] <= 'z' && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static const char *judge(const struct mentiond_plugin *head)
{
        uint32_t major = head->api_version >> 16, minor = head->api_version & 0xffff;

        if (major != MENTIOND_API_VERSION >> 16)
                return "it was built for another major version of the plugin API";
        if (minor > (MENTIOND_API_VERSION & 0xffff))
                return "it was built for a newer mentiond";
        if (head->kind != MENTIOND_CHANNEL && head->kind != MENTIOND_HELPDESK)
                return "it is neither a channel nor a helpdesk";
        if (head->struct_size < sizeof *head || head->struct_size % sizeof(void *))
                return "its struct_size cannot be right";
        if (head->options && (head->option_size < offsetof(struct mentiond_option, max) + sizeof(int64_t)
                              || head->option_size % sizeof(void *)))
                return "its option_size cannot be right";
        if (isempty(head->name) || !good_name(head->name))
                return "its name is not of the form [a-z][a-z0-9_]*";
        return NULL;
}

static const char *judge_callbacks(const struct plugin *p)
{
        if (p->head.kind == MENTIOND_CHANNEL) {
                if (!p->channel.start || !p->channel.poll)
                        return "a channel needs start and poll";
        } else if (!p->helpdesk.start || !p->helpdesk.file || !p->helpdesk.append || !p->helpdesk.find
                   || !p->helpdesk.note || !p->helpdesk.poll) {
                return "a helpdesk needs start, file, append, find, note and poll";
        }
        return NULL;
}

static const char *judge_options(const struct plugin *p)
{
        const struct mentiond_option *o;

        for (size_t i = 0; (o = options_at(&p->options, i)); i++)
                if (!good_name(o->name) || o->offset > p->head.state_size || p->head.state_size - o->offset < sizeof(uint32_t)
                    || (o->type != MENTIOND_BOOL && p->head.state_size - o->offset < sizeof(void *)))
                        return "one of its options has a bad name or lies outside of its state";
        return NULL;
}

static const char *take_hook(struct plugin *p)
{
        const struct mentiond_hook *hook = p->head.kind == MENTIOND_CHANNEL ? p->channel.hook : p->helpdesk.hook;

        if (!hook)
                return NULL;
        memcpy(&p->hook, hook, MIN((size_t) hook->struct_size, sizeof p->hook));
        if (p->hook.signature < MENTIOND_HMAC_SHA1_HEX || p->hook.signature > MENTIOND_HMAC_SHA1_BASE64
            || p->hook.handshake > MENTIOND_CHALLENGE_CODE || isempty(p->hook.header))
                return "its hook has a signature or a handshake that this mentiond does not know, or no header";
        return NULL;
}

int plugin_register(const struct mentiond_plugin *head, struct plugin **ret, char **ret_error)
{
        struct plugin *p;
        const char *wrong;

        wrong = judge(head);
        if (wrong) {
                *ret_error = xstrdup(wrong);
                return -EINVAL;
        }
        p = xcalloc(1, sizeof *p);
        if (head->kind == MENTIOND_CHANNEL) {
                memcpy(&p->channel, head, MIN((size_t) head->struct_size, sizeof p->channel));
                p->head = p->channel.head;
        } else {
                memcpy(&p->helpdesk, head, MIN((size_t) head->struct_size, sizeof p->helpdesk));
                p->head = p->helpdesk.head;
        }
        p->options = (struct options) { head->options, head->option_size };
        wrong = judge_callbacks(p);
        if (!wrong)
                wrong = judge_options(p);
        if (!wrong)
                wrong = take_hook(p);
        if (wrong) {
                *ret_error = xstrdup(wrong);
                free(p);
                return -EINVAL;
        }
        p->name = xstrdup(head->name);
        p->next = plugins;
        plugins = p;
        *ret = p;
        return 0;
}

static void forget_newest(void)
{
        struct plugin *p = plugins;

        plugins = p->next;
        free(p->name);
        free(p);
}

int plugin_load(const char *directory, const char *name, struct plugin **ret, char **ret_error)
{
        _cleanup_free_ char *path = NULL, *wrong = NULL;
        mentiond_plugin_init_fn *init;
        const struct mentiond_plugin *head;
        void *handle;
        int r;

        for (struct plugin *p = plugins; p; p = p->next)
                if (streq(p->name, name)) {
                        *ret = p;
                        return 0;
                }
        if (!good_name(name)) {
                *ret_error = xasprintf("\"%s\" is no name of a plugin", name);
                return -EINVAL;
        }
        path = xasprintf("%s/%s.so", directory, name);
        if (access(path, F_OK) < 0) {
                _cleanup_free_ char *near = plugin_nearest(directory, name);

                *ret_error = near ? xasprintf("there is no plugin \"%s\" in %s (did you mean \"%s\"?)", name, directory, near)
                                  : xasprintf("there is no plugin \"%s\" in %s", name, directory);
                return -ENOENT;
        }
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
                *ret_error = xasprintf("cannot load plugin \"%s\": %s", name, dlerror());
                return -ELIBBAD;
        }
        *(void **) &init = dlsym(handle, "mentiond_plugin_init");
        head = init ? init() : NULL;
        if (!head) {
                *ret_error = xasprintf("%s is no plugin of mentiond: it has no mentiond_plugin_init", path);
                return -ELIBBAD;
        }
        r = plugin_register(head, ret, &wrong);
        if (r < 0) {
                *ret_error = xasprintf("plugin \"%s\" cannot be used: %s", name, wrong);
                return r;
        }
        if (!streq((*ret)->name, name)) {
                *ret_error = xasprintf("%s calls itself \"%s\"", path, (*ret)->name);
                forget_newest();
                return -EINVAL;
        }
        return 0;
}

void plugin_forget_all(void)
{
        while (plugins)
                forget_newest();
}

char *plugin_nearest(const char *directory, const char *name)
{
        char *names[PLUGINS_MAX + 1];
        const char *near;
        struct dirent *e;
        size_t n = 0;
        char *found;
        DIR *d;

        d = opendir(directory);
        if (!d)
                return NULL;
        while (n < PLUGINS_MAX && (e = readdir(d))) {
                size_t length = strlen(e->d_name);

                if (length > 3 && streq(e->d_name + length - 3, ".so"))
                        names[n++] = xstrndup(e->d_name, length - 3);
        }
        names[n] = NULL;
        (void) closedir(d);
        near = text_nearest(name, (const char *const *) names);
        found = near ? xstrdup(near) : NULL;
        while (n)
                free(names[--n]);
        return found;
}
