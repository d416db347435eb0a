/* SPDX-License-Identifier: MIT
 *
 * The kind "telegram": a bot in private chats, an open group that may be a forum, and a closed one that may become a supergroup.  The
 * numbers of messages are a chat's own; nobody can ask what the bot has said, and what people delete is told to nobody.  Owns the
 * chats.  Files are left out.
 */
#include "telegram.h"

#define FIRST_NUMBER 10
#define TOPICS 2

struct telegram telegram;

static int into = -1;

/* --- Chats --- */

static int add_chat(char *id, const char *title, int account, char visibility)
{
        telegram.chats = xrealloc(telegram.chats, (size_t) (telegram.n_chats + 1) * sizeof *telegram.chats);
        telegram.chats[telegram.n_chats] = (struct telegram_chat) {
                .id = id, .title = xstrdup(title), .account = account, .visibility = visibility, .n = FIRST_NUMBER, .first = -1, .moved_to = -1,
        };
        return telegram.n_chats++;
}

enum { OPEN_GROUP, CLOSED_GROUP };

static void migrate(void *data _unused_)
{
        int to = add_chat(xstrdup("-1001000000017"), "Regulars", 0, 'f');       /* moves the others */

        telegram.chats[CLOSED_GROUP].moved_to = to;
        happened(MIGRATED);
        note("*** a group becomes a supergroup");
}

static void open_up(int network)
{
        int64_t kept = between(R_PLAN, 3, 12);
        bool forum;

        if (telegram.n_chats)
                return;
        telegram.network = network;
        (void) add_chat(xstrdup("-1001000000001"), "Everybody", 0, 'u');
        (void) add_chat(xstrdup("-4000001"), "Regulars", 0, 'f');
        forum = chance(R_PLAN, 400);
        telegram.chats[OPEN_GROUP].forum = forum;
        telegram.privacy = chance(R_PLAN, 200);
        telegram.jumps = chance(R_PLAN, 300);
        telegram.kept_usec = chance(R_PLAN, 400) ? kept * USEC_PER_MINUTE : 24 * USEC_PER_HOUR;
        if (chance(R_PLAN, 400))
                sim_in(between(R_PLAN, USEC_PER_MINUTE, 15 * USEC_PER_MINUTE), migrate, NULL);     /* while they talk */
}

int telegram_chat_named(const char *id)
{
        for (int i = 0; i < telegram.n_chats; i++)
                if (streq(telegram.chats[i].id, id))
                        return i;
        return -1;
}

static int private_chat(int account)
{
        _cleanup_free_ char *id = xasprintf("700%s", accounts[account].id);
        int chat = telegram_chat_named(id);

        return chat >= 0 ? chat : add_chat(TAKE_PTR(id), accounts[account].name, account, 'd');
}

static bool is_private(int chat)
{
        return telegram.chats[chat].visibility == 'd';
}

void telegram_posts_into(int chat)
{
        into = chat;
}

/* --- Posts --- */

int telegram_message(int chat, int number)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == telegram.network && telegram.posts[i].chat == chat && telegram.posts[i].number == number)
                        return i;
        return -1;
}

int telegram_find(int network, const char *id)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && streq(social.statuses[i].id, id))
                        return i;
        return -1;
}

/* What answers it is a conversation of its own: the bot does not know what it answers itself. */
static bool is_unknown(int status)
{
        const struct status *s = &social.statuses[status];

        return s->by_api ? !telegram.posts[status].told_usec : telegram.posts[status].lost || !s->names_brand;
}

/* A private chat is one conversation. */
void telegram_sort(void)
{
        for (int i = 0; i < social.n_statuses; i++) {
                struct status *s = &social.statuses[i];

                if (s->network != telegram.network)
                        continue;
                if (is_private(telegram.posts[i].chat))
                        s->root = telegram.chats[telegram.posts[i].chat].first;
                else
                        s->root = s->parent < 0 || is_unknown(i) ? i : social.statuses[s->parent].root;
        }
}

/* An update is made once, and shows what was there then. */
static bool answers_something(const struct status *s)
{
        const struct status *parent = s->parent < 0 ? NULL : &social.statuses[s->parent];

        return parent && (!parent->deleted || parent->deleted_usec + UTC_START > s->created);
}

static bool answers_bot(const struct status *s)
{
        return answers_something(s) && social.statuses[s->parent].account == BRAND;
}

/* Where it belongs: with what it answers, and whom.  Nobody else writes in a private chat; and what was said in a group before
 * it became a supergroup cannot be answered there. */
static int place(struct status *s)
{
        int before = s->parent >= 0 ? telegram.posts[s->parent].chat : -1, chat = before;

        if (into >= 0)
                return into;
        if (before < 0)
                chat = s->visibility == 'd' ? private_chat(s->account) : s->visibility == 'f' ? CLOSED_GROUP : OPEN_GROUP;
        if (telegram.chats[chat].moved_to >= 0) {
                chat = telegram.chats[chat].moved_to;
                if (before != chat)
                        s->parent = -1;
        }
        return chat;
}

static void posted(int i)
{
        struct status *s = &social.statuses[i];
        struct telegram_post *p;
        struct telegram_chat *c;
        bool named = s->names_brand;
        int chat;

        telegram.posts = xrealloc(telegram.posts, (size_t) (i + 1) * sizeof *telegram.posts);
        p = &telegram.posts[i];
        chat = place(s);
        c = &telegram.chats[chat];
        *p = (struct telegram_post) { .chat = chat, .number = ++c->n };
        if (c->first < 0)
                c->first = i;
        if (c->forum)
                p->topic = s->parent >= 0 ? telegram.posts[s->parent].topic : (int) between(R_PEOPLE, 1, TOPICS);
        s->visibility = c->visibility;
        if (c->account && s->account != BRAND)
                s->account = c->account;
        s->names_brand = s->account != BRAND && (c->account || answers_bot(s) || (named && !telegram.privacy));
        free(s->id);
        s->id = p->topic ? xasprintf("%s:%d:%d", c->id, p->number, p->topic) : xasprintf("%s:%d", c->id, p->number);
        telegram_sort();
        if (s->account == BRAND)
                return;
        if (s->names_brand || !telegram.privacy)
                telegram_tell(i, false);
        else if (named && sim.faults)
                happened(HIDDEN_BY_PRIVACY);
}

static void edited(int i)
{
        if (social.statuses[i].account != BRAND && (social.statuses[i].names_brand || !telegram.privacy))
                telegram_tell(i, true);
}

/* --- Showing --- */

static struct json_object *user_json(int account)
{
        struct json_object *o = json_object_new_object();

        mj_put_int(o, "id", account == BRAND ? 5550001 : strtoll(accounts[account].id, NULL, 10) + 700000);
        mj_put_bool(o, "is_bot", account == BRAND);
        mj_put_str(o, "first_name", *accounts[account].name ? accounts[account].name : accounts[account].acct);
        put_owned(o, "username", xstrndup(accounts[account].acct, strcspn(accounts[account].acct, "@")));
        return o;
}

static struct json_object *chat_json(int chat)
{
        const struct telegram_chat *c = &telegram.chats[chat];
        struct json_object *o = json_object_new_object();

        mj_put_int(o, "id", strtoll(c->id, NULL, 10));
        mj_put_str(o, "type", c->account ? "private" : startswith(c->id, "-100") ? "supergroup" : "group");
        mj_put_str(o, c->account ? "first_name" : "title", c->title);
        if (c->visibility == 'u')
                mj_put_str(o, "username", "everybody_at_acme");
        return o;
}

static struct json_object *bare_json(int status, const char *text, bool edited)
{
        const struct status *s = &social.statuses[status];
        const struct telegram_post *p = &telegram.posts[status];
        struct json_object *o = json_object_new_object();

        mj_put_int(o, "message_id", p->number);
        mj_put_int(o, "date", s->created / USEC_PER_SEC);
        if (edited)
                mj_put_int(o, "edit_date", s->edited / USEC_PER_SEC);
        json_object_object_add(o, "chat", chat_json(p->chat));
        json_object_object_add(o, "from", user_json(s->account));
        if (p->topic) {
                mj_put_int(o, "message_thread_id", p->topic);
                mj_put_bool(o, "is_topic_message", true);
        }
        mj_put_str(o, "text", text);
        return o;
}

/* With what it answers, and no more: that this answered something, too, is not shown.  In a topic all answer what began it. */
struct json_object *telegram_json(int status, const char *text, bool edited)
{
        const struct status *s = &social.statuses[status];
        struct json_object *o = bare_json(status, text, edited), *began;

        if (answers_something(s)) {
                json_object_object_add(o, "reply_to_message", bare_json(s->parent, social.statuses[s->parent].text, social.statuses[s->parent].edited > 0));
        } else if (telegram.posts[status].topic) {
                began = json_tokener_parse("{\"date\": 1, \"is_topic_message\": true, \"forum_topic_created\": {\"name\": \"Parcels\", \"icon_color\": 1}}");
                mj_put_int(began, "message_id", telegram.posts[status].topic);
                mj_put_int(began, "message_thread_id", telegram.posts[status].topic);
                json_object_object_add(began, "chat", chat_json(telegram.posts[status].chat));
                json_object_object_add(o, "reply_to_message", began);
        }
        return o;
}

/* --- The API --- */

struct answer telegram_reply(struct json_object *result)
{
        struct json_object *o = json_object_new_object();

        mj_put_bool(o, "ok", true);
        json_object_object_add(o, "result", result);
        return (struct answer) { .status = 200, .json = o };
}

struct answer telegram_refuse(int status, const char *description)
{
        struct json_object *o = json_object_new_object();

        mj_put_bool(o, "ok", false);
        mj_put_int(o, "error_code", status);
        mj_put_str(o, "description", description);
        return (struct answer) { .status = status, .json = o };
}

static struct answer answer(const struct request *q)
{
        const char *method = startswith(q->path, "/bot" TELEGRAM_TOKEN "/") ? q->path + strlen("/bot" TELEGRAM_TOKEN "/") : "";
        struct json_object *o;

        if (!*method)
                return telegram_refuse(404, "Not Found");
        if (social.networks[q->server].revoked) {
                happened(UNAUTHORIZED);
                return telegram_refuse(401, "Unauthorized");
        }
        if (streq(method, "getMe")) {
                o = user_json(BRAND);
                mj_put_bool(o, "can_read_all_group_messages", !telegram.privacy);
                return telegram_reply(o);
        }
        if (streq(method, "getWebhookInfo"))
                return telegram_reply(json_tokener_parse("{\"url\": \"\", \"has_custom_certificate\": false}"));
        return streq(method, "getUpdates") ? telegram_updates(q) : telegram_write(q, method);
}

/* For how long it wants no more stands in the body alone. */
static char *failure(int status, int64_t retry_after)
{
        if (status != 429)
                return xasprintf("{\"ok\": false, \"error_code\": %d, \"description\": \"Internal Server Error\"}", status);
        if (!retry_after)
                return xstrdup("{\"ok\": false, \"error_code\": 429, \"description\": \"Too Many Requests\"}");
        return xasprintf("{\"ok\": false, \"error_code\": 429, \"description\": \"Too Many Requests: retry after %lld\","
                         " \"parameters\": {\"retry_after\": %lld}}", (long long) retry_after, (long long) retry_after);
}

static char *id(int network, int number)
{
        open_up(network);
        return xasprintf("%d", number);          /* until it is known where it is said */
}

static char *handle(int network _unused_, int account _unused_)
{
        return xstrdup("");
}

static char *settings(int network _unused_)
{
        (void) setenv("SIM_BOT_TOKEN", TELEGRAM_TOKEN, 1);
        return xstrdup("plugin = \"telegram\"; token = \"env:SIM_BOT_TOKEN\";");
}

const struct network_kind telegram_kind = {
        .name = "telegram", .host = "api.telegram.org", .visibilities = "uuuffddddd", .settings = settings, .id = id, .handle = handle,
        .answer = answer, .on_fault = telegram_on_fault, .find = telegram_find, .posted = posted, .edited = edited, .failure = failure,
        .is_apart = telegram_writes, .in_seconds = true, .drops_parents = true, .all_public = true, .is_blind = true, .hides_deletions = true,
        .hides_own = true, .no_aside = true,
};
