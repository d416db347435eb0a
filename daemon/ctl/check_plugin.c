/* SPDX-License-Identifier: MIT
 *
 * What can be seen of a plugin without asking anybody, and what start() says of the account.
 */
#include "ctl/check.h"

#include "base/text.h"

#include <stdio.h>

static void add(struct buffer *b, const char *format, ...) _printf_(2, 3);
static void add(struct buffer *b, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        (void) buffer_printf(b, "%s%s", b->size ? "\n" : "", text);
}

static void tell_sizes(void)
{
        const struct mentiond_plugin *h = &plugin->head;
        bool channel = h->kind == MENTIOND_CHANNEL;

        printf("# %s %s: %s\n", plugin->name, strempty(h->version), strempty(h->summary));
        printf("# a %s for API %u.%u; here it is %u.%u\n", channel ? "channel" : "helpdesk", h->api_version >> 16,
               h->api_version & 0xffff, MENTIOND_API_VERSION >> 16, MENTIOND_API_VERSION & 0xffff);
        printf("# bytes of its struct %u (here %zu), of an option %u (here %zu), of its state %llu\n", h->struct_size,
               channel ? sizeof(struct mentiond_channel) : sizeof(struct mentiond_helpdesk), h->option_size,
               sizeof(struct mentiond_option), (unsigned long long) h->state_size);
}

static bool sounds_secret(const char *name)
{
        static const char *const endings[] = { "password", "secret", "token" };
        size_t size = strlen(name);

        for (size_t i = 0; i < ELEMENTSOF(endings); i++)
                if (size >= strlen(endings[i]) && streq(name + size - strlen(endings[i]), endings[i]))
                        return true;
        return false;
}

static void judge_option(const struct mentiond_option *o, size_t at, struct buffer *b)
{
        const struct options *common = plugin->head.kind == MENTIOND_CHANNEL ? &instance_options_channel
                                                                             : &instance_options_helpdesk;
        const struct mentiond_option *other;

        if (isempty(o->help) || isempty(plugin->head.summary))
                add(b, "%s: a sentence of help is missing, or the plugin's summary", o->name);
        if (o->type < MENTIOND_STRING || o->type > MENTIOND_SIZE)
                add(b, "%s: its type is none of enum mentiond_option_type", o->name);
        if (o->type != MENTIOND_SECRET && sounds_secret(o->name))
                add(b, "%s: make it a MENTIOND_SECRET, so that it cannot be logged", o->name);
        if (o->flags & MENTIOND_REQUIRED && o->default_value)
                add(b, "%s: it is required and has a default: it can be one of both", o->name);
        if (o->type == MENTIOND_SECRET && o->default_value)
                add(b, "%s: a secret has no default", o->name);
        if (o->flags & MENTIOND_BASE_URL && o->type != MENTIOND_URL)
                add(b, "%s: MENTIOND_BASE_URL is for a MENTIOND_URL", o->name);
        if (o->flags & MENTIOND_BEARER && o->type != MENTIOND_SECRET)
                add(b, "%s: MENTIOND_BEARER is for a MENTIOND_SECRET", o->name);
        for (size_t i = 0; (other = options_at(common, i)); i++)
                if (streq(other->name, o->name))
                        add(b, "%s: every instance has an option of this name: call it otherwise", o->name);
        for (size_t i = 0; i < at; i++) {
                other = options_at(&plugin->options, i);
                if (streq(other->name, o->name))
                        add(b, "%s: there are two of this name", o->name);
                if (o->flags & other->flags & (MENTIOND_BASE_URL | MENTIOND_BEARER))
                        add(b, "%s and %s: one option may be the base URL, and one the bearer token", other->name, o->name);
        }
}

void check_plugin(void)
{
        struct buffer wrong = BUFFER_INIT(64 * 1024);
        struct problems p = PROBLEMS_INIT;
        const struct mentiond_option *o;

        tell_sizes();
        pass("it can be loaded");
        board->loaded = true;
        for (size_t i = 0; (o = options_at(&plugin->options, i)); i++)
                judge_option(o, i, &wrong);
        result("its options are described, and none is in another's way", buffer_str(&wrong));
        if (answers.folder) {
                if (!instance_renew("options", &p))
                        board->loaded = false;
                result("it takes the options of the folder", buffer_str(&p.text));
        }
        buffer_done(&wrong);
        buffer_done(&p.text);
}

static void judge_caps(struct buffer *b)
{
        static const struct { uint32_t flag; const char *name; } flags[] = {
                { MENTIOND_CAN_EDIT, "MENTIOND_CAN_EDIT without edit()" },
                { MENTIOND_CAN_REMOVE, "MENTIOND_CAN_REMOVE without remove()" },
                { MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST | MENTIOND_CAN_HIDE, "a reaction without react()" },
        };
        const struct mentiond_channel *c = &plugin->channel;
        const struct mentiond_caps *caps = &instance->caps;
        const bool there[] = { c->edit, c->remove, c->react };

        if (isempty(instance->self_id))
                add(b, "call mentiond_set_self(): without the account's id its own posts come back as mentions");
        if (!caps->struct_size && answers_has(&answers, "post"))
                add(b, "call mentiond_set_caps(), so that replies are split where the network wants it");
        if (caps->length_max && (caps->length_unit < MENTIOND_GRAPHEMES || caps->length_unit > MENTIOND_X_WEIGHTED))
                add(b, "caps: length_unit %u is none of enum mentiond_unit", caps->length_unit);
        if (caps->length_max < 0 || caps->url_length < 0 || (caps->length_max && caps->url_length > caps->length_max))
                add(b, "caps: length_max %lld and url_length %lld cannot be right", (long long) caps->length_max,
                    (long long) caps->url_length);
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (caps->flags & flags[i].flag && !there[i])
                        add(b, "caps: %s: a reply that the agent edits would be held", flags[i].name);
        if (!caps->uploads_max && !isempty(instance->upload_types))
                add(b, "caps: upload_types without uploads_max: no file would ever be posted");
}

void check_start(void)
{
        struct buffer wrong = BUFFER_INIT(64 * 1024);
        struct problems p = PROBLEMS_INIT;

        if (instance_renew("start", &p)) {
                for (unsigned i = 0; i < 2 && !wrong.size; i++) {
                        _cleanup_call_ struct call c = { .said = NULL };
                        _cleanup_free_ char *said = NULL;

                        call_begin(&c, "start");
                        said = told(&c);
                        if (c.verdict != MENTIOND_OK)
                                add(&wrong, "start() says %s%s", said,
                                    i ? "; the first time it was well: it must bear to be called again" : "");
                }
                result("start() is well, also with the same state again", buffer_str(&wrong));
                if (plugin->head.kind == MENTIOND_CHANNEL && !wrong.size) {
                        judge_caps(&wrong);
                        result("start() says whose account it is, and what that can", buffer_str(&wrong));
                }
        }
        buffer_done(&p.text);
        buffer_done(&wrong);
}
