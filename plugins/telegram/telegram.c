/* SPDX-License-Identifier: MIT
 *
 * Channel "telegram": a bot in groups and private chats, by long polling.  Called by the host only; owns its options and what
 * polls learn.  Nobody can ask what a bot has said: there is no find().  Manual: mentiond-telegram(5).
 */
#include <mentiond/channel.h>
#include <mentiond/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>

#define WAIT_MAX_USEC INT64_C(50000000)  /* of a long poll */
#define CONFLICTS_MAX 3                  /* one may be a person who looks */
#define CAPTION_MAX 1024
#define ALBUM_MAX 100                    /* bytes of an id that is remembered; Telegram's have some 20 */
#define PHOTO_MAX (10 * 1024 * 1024)     /* bytes; larger ones go as documents */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

struct telegram {
        const char *server;
        const struct mentiond_secret *token;
        bool polled;                     /* since start(): the next poll may wait for something new */
        unsigned conflicts;              /* polls in a row that another program ended */
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct telegram, server, "server", MENTIOND_URL, .default_value = "https://api.telegram.org",
                        .help = "Address of the Bot API", .flags = MENTIOND_BASE_URL),
        MENTIOND_OPTION(struct telegram, token, "token", MENTIOND_SECRET, .help = "The bot's token, as BotFather gives it",
                        .flags = MENTIOND_REQUIRED | MENTIOND_IN_PATH),
        { .name = NULL },
};

static const char *check(const void *state)
{
        const char *token = mentiond_reveal(((const struct telegram *) state)->token);
        size_t digits = strspn(token, "0123456789"), n = token[digits] == ':' ? strspn(token + digits + 1, LETTERS "-") : 0;
        bool right = digits && n >= 30 && !token[digits + 1 + n];

        return right ? NULL : "token is not of the form NUMBER:LETTERS that BotFather gives";
}

/* --- Calls --- */

/* *ret is the whole answer, also of a failure.  With a body the method says or changes something, and each chat is counted
 * apart. */
static int call(struct mentiond_op *op, struct mentiond_request *q, const char *method, struct json_object **ret)
{
        struct mentiond_response response = { .struct_size = sizeof(response) };
        bool writes = q->json || q->body;
        int unclear = writes && !(q->flags & MENTIOND_REPEATABLE) ? MENTIOND_AMBIGUOUS : MENTIOND_RETRY;

        q->struct_size = sizeof(*q);
        q->flags |= writes ? MENTIOND_APART : 0;
        q->method = writes ? "POST" : "GET";
        q->path = mentiond_format(op, "/bot{token}/%s", method);
        int r = mentiond_http(op, q, &response);
        *ret = response.json;
        if (r == MENTIOND_GONE)          /* of a token that is none; or nothing of Telegram's */
                return mj_int(*ret, "error_code", 0) ? MENTIOND_AUTH : MENTIOND_RETRY;
        if (r == MENTIOND_OK && !mj_true(*ret, "ok"))
                return mentiond_fail(op, unclear, "%s: the answer is none of Telegram's", method);
        return r;
}

static int ask(struct mentiond_op *op, const char *method, struct json_object **ret)
{
        int r = call(op, &(struct mentiond_request) { .flags = 0 }, method, ret);

        *ret = mj_get(*ret, "result");
        return r;
}

/* --- What messages are --- */

static bool is_private(struct json_object *message)
{
        return mj_is(mj_get(message, "chat"), "type", "private");
}

/* "CHAT:MESSAGE", and ":TOPIC" in a forum. */
static const char *id_of(struct mentiond_op *op, struct json_object *message)
{
        const char *topic = mj_true(message, "is_topic_message") ? mj_str(message, "message_thread_id") : "";
        const char *chat = mj_str(mj_get(message, "chat"), "id"), *id = mj_str(message, "message_id");

        return *chat && *id ? mentiond_format(op, "%s:%s%s%s", chat, id, *topic ? ":" : "", topic) : "";
}

/* Ids of supergroups begin with -100, which their addresses leave out; what is in other closed chats has none. */
static const char *url_of(struct mentiond_op *op, struct json_object *message)
{
        const char *name = mj_str(mj_get(message, "chat"), "username"), *id = mj_str(mj_get(message, "chat"), "id");

        if (is_private(message) || (!*name && strncmp(id, "-100", 4) != 0))
                return "";
        return mentiond_format(op, "https://t.me/%s%s/%s", *name ? "" : "c/", *name ? mentiond_escape(op, name) : id + 4,
                               mj_str(message, "message_id"));
}

/* What is not text; or NULL.  Some come under two names: the first counts.  A picture comes in several sizes, the largest
 * last. */
static const struct mentiond_media *media_of(struct mentiond_op *op, struct json_object *message)
{
        static const char *const contents[][2] = {
                { "photo", "image/jpeg" }, { "animation", "video/mp4" }, { "document", "application/octet-stream" },
                { "video", "video/mp4" }, { "video_note", "video/mp4" }, { "voice", "audio/ogg" }, { "audio", "audio/mpeg" },
                { "sticker", "image/webp" }, { "live_photo", "photo" }, { "paid_media", "media" }, { "venue", "place" },
                { "location", "place" }, { "contact", "contact" }, { "poll", "poll" }, { "dice", "dice" }, { "story", "story" },
                { "checklist", "checklist" }, { "rich_message", "message" },
        };

        for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
                struct json_object *found = mj_get(message, contents[i][0]),
                                   *file = mj_len(found) ? mj_at(found, mj_len(found) - 1) : found;
                const char *type = mj_str(file, "mime_type");

                if (found)
                        return MENTIOND_NEW(op, struct mentiond_media, .type = *type ? type : contents[i][1],
                                            .description = mj_str(file, "file_name"), .id = mj_str(file, "file_id"));
        }
        return NULL;
}

static const char *plain_text(struct json_object *message)
{
        return mj_str(message, mj_get(message, "text") ? "text" : "caption");
}

/* With the addresses that are hidden under words. */
static const char *text_of(struct mentiond_op *op, struct json_object *message)
{
        struct json_object *entities = mj_get(message, mj_get(message, "text") ? "entities" : "caption_entities"), *entity;
        const char *text = plain_text(message);

        MJ_EACH(entity, entities)
                if (*mj_str(entity, "url"))
                        text = mentiond_format(op, "%s\n%s", text, mj_str(entity, "url"));
        return text;
}

/* Who writes in the name of a group or channel is that. */
static const struct mentiond_author *author_of(struct mentiond_op *op, struct json_object *message)
{
        struct json_object *from = mj_get(message, mj_get(message, "sender_chat") ? "sender_chat" : "from");
        const char *id = mj_str(from, "id"), *user = mj_str(from, "username");
        const char *title = mj_str(from, "title"), *last = mj_str(from, "last_name");

        return MENTIOND_NEW(op, struct mentiond_author,
                            .id = id, .followers = -1, .flags = mj_true(from, "is_bot") ? MENTIOND_BOT : 0,
                            .handle = *id ? mentiond_format(op, *user ? "@%s" : "user %s", *user ? user : id) : "",
                            .name = *title ? title
                                           : mentiond_format(op, "%s%s%s", mj_str(from, "first_name"), *last ? " " : "", last),
                            .url = *user ? mentiond_format(op, "https://t.me/%s", mentiond_escape(op, user)) : "");
}

/* What began a topic of a forum is what all in it answer, as the network has it. */
static struct json_object *answered(struct json_object *message)
{
        struct json_object *parent = mj_get(message, "reply_to_message");

        return mj_get(parent, "forum_topic_created") ? NULL : parent;
}

static struct mentiond_mention *mention_of(struct mentiond_op *op, struct json_object *message)
{
        const struct mentiond_media *media = media_of(op, message);
        struct json_object *chat = mj_get(message, "chat");
        bool private = is_private(message), public = *mj_str(chat, "username");

        return MENTIOND_NEW(op, struct mentiond_mention, .kind = private ? MENTIOND_MESSAGE : MENTIOND_MENTION,
                            .visibility = private ? MENTIOND_DIRECT : public ? MENTIOND_PUBLIC : MENTIOND_FOLLOWERS,
                            .id = id_of(op, message), .parent = id_of(op, answered(message)),
                            .root = private ? mj_str(chat, "id") : "",     /* one conversation, as people see it */
                            .url = url_of(op, message), .text = text_of(op, message), .author = author_of(op, message),
                            .created_usec = mj_usec(message, "date"),
                            .edited_usec = mj_usec(message, "edit_date"),
                            .media = media, .n_media = media ? 1 : 0);
}

/* Also behind a command: "/help@shop_bot". */
static bool names(const char *text, const char *handle)
{
        size_t n = strlen(handle);

        for (const char *at = text; (at = strchr(at, '@')); at++)
                if (strncasecmp(at, handle, n) == 0 && !strspn(at + n, LETTERS))
                        return true;
        return false;
}

/* By itself, not by its album.  Who opens a chat with the bot sends /start, by a button. */
static bool is_addressed(struct mentiond_op *op, struct json_object *message)
{
        if (is_private(message))
                return strcmp(plain_text(message), "/start") != 0;
        return names(plain_text(message), mentiond_self_handle(op))
               || mj_is(mj_get(answered(message), "from"), "id", mentiond_self(op));
}

/* --- Polls --- */

/* Who the bot is, and whether another program gets its messages. */
static int look(struct mentiond_op *op, struct json_object **ret_bot, struct json_object **ret_webhook)
{
        int r = ask(op, "getMe", ret_bot);

        return r == MENTIOND_OK ? ask(op, "getWebhookInfo", ret_webhook) : r;
}

static int start(struct mentiond_op *op, void *state)
{
        struct json_object *bot = NULL, *webhook = NULL;
        struct telegram *t = state;
        int r = look(op, &bot, &webhook);

        if (r != MENTIOND_OK)
                return r;
        if (!*mj_str(bot, "id"))
                return mentiond_fail(op, MENTIOND_RETRY, "Telegram does not say who the bot is");
        if (*mj_str(webhook, "url"))
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "a webhook is set for this bot, so another program gets its messages: end that and call"
                                     " deleteWebhook (mentiond-telegram(5)), or make another bot; then mentionctl resume");
        mentiond_set_self(op, mj_str(bot, "id"), mentiond_format(op, "@%s", mj_str(bot, "username")));
        mentiond_set_caps(op, MENTIOND_NEW(op, struct mentiond_caps, .length_unit = MENTIOND_UTF16, .length_max = 4096,
                          .flags = MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_TELLS_AUTHOR,
                          .uploads_max = 1, .upload_size_max = 50 * 1024 * 1024));
        t->polled = false;
        t->conflicts = 0;
        return MENTIOND_OK;
}

static struct json_object *message_of(struct json_object *update)
{
        return mj_get(update, mj_get(update, "message") ? "message" : "edited_message");
}

/* Pictures of an album are messages of their own, of which one has the text, and is for the bot: its id, or "".  It came along,
 * or is the last that came before. */
static const char *first_of_album(struct mentiond_op *op, struct json_object *updates, struct json_object *message)
{
        const char *album = mj_str(message, "media_group_id");
        struct json_object *update;

        if (!*album)
                return "";
        MJ_EACH(update, updates)
                if (mj_is(message_of(update), "media_group_id", album) && is_addressed(op, message_of(update)))
                        return id_of(op, message_of(update));
        return strcmp(album, mentiond_cursor(op, "album")) == 0 ? mentiond_cursor(op, "album_id") : "";
}

static void remember_album(struct mentiond_op *op, struct json_object *message)
{
        const char *album = mj_str(message, "media_group_id"), *id = id_of(op, message);

        if (!*album || strlen(album) > ALBUM_MAX || strlen(id) > ALBUM_MAX || !is_addressed(op, message))
                return;
        mentiond_set_cursor(op, "album", album);
        mentiond_set_cursor(op, "album_id", id);
}

static void take(struct mentiond_op *op, struct json_object *updates, struct json_object *update)
{
        struct json_object *message = message_of(update);
        struct mentiond_mention *mention = mention_of(op, message);
        bool addressed = is_addressed(op, message);
        const char *first = addressed ? "" : first_of_album(op, updates, message);

        if (answered(message))
                mention->above = mention_of(op, answered(message));
        if (*first)
                mention->parent = first;
        if (addressed || *first)
                (void) mentiond_emit(op, mention);
        if (mj_get(update, "edited_message"))
                mentiond_emit_again(op, mention);
}

/* Times are of whole seconds: the numbers of messages tell what was said first, whenever it was edited. */
static int by_number(const void *a, const void *b)
{
        struct json_object *x = *(struct json_object *const *) a, *y = *(struct json_object *const *) b;
        int64_t m = mj_int(message_of(x), "message_id", 0), n = mj_int(message_of(y), "message_id", 0);

        if (m == n) {
                m = mj_int(x, "update_id", 0);
                n = mj_int(y, "update_id", 0);
        }
        return (m > n) - (m < n);
}

/* The server forgets what is below the offset, so that this moves with the commit only: a poll is one page.  The first of all
 * asks for the end.  Numbers may begin anew below: the last one counts, not the largest. */
static int poll(struct mentiond_op *op, void *state)
{
        struct telegram *t = state;
        const char *offset = mentiond_cursor(op, "offset");
        int64_t patience_usec = mentiond_timeout_usec(op) / 6 * 5, last, next;
        long long wait = !t->polled ? 0 : (patience_usec < WAIT_MAX_USEC ? patience_usec : WAIT_MAX_USEC) / 1000000;
        struct json_object *reply = NULL, *updates, *update;
        int r = call(op, &(struct mentiond_request) { .flags = MENTIOND_LONG_POLL },
                     mentiond_format(op, "getUpdates?offset=%s&timeout=%lld&allowed_updates=%s",
                                     *offset ? mentiond_escape(op, offset) : "-1", wait,
                                     mentiond_escape(op, "[\"message\",\"edited_message\"]")),
                     &reply);

        if (mj_int(reply, "error_code", 0) == 409)       /* or it has set a webhook: what it was given we are not */
                return ++t->conflicts < CONFLICTS_MAX
                     ? mentiond_fail(op, MENTIOND_RETRY, "another program asks for the messages of this bot, and takes them away")
                     : mentiond_fail(op, MENTIOND_AUTH, "another program goes on taking the messages of this bot: end it, or"
                                                        " make another bot; then mentionctl resume");
        if (r != MENTIOND_OK)
                return r;
        updates = mj_get(reply, "result");
        last = mj_len(updates) ? mj_int(mj_at(updates, mj_len(updates) - 1), "update_id", -1) : -1;
        next = last >= 0 && last < INT64_MAX ? last + 1 : 0;
        if (!json_object_is_type(updates, json_type_array) || (mj_len(updates) && !next))
                return mentiond_fail(op, MENTIOND_RETRY, "the list of updates is none");
        json_object_array_sort(updates, by_number);
        for (size_t i = mj_len(updates); i-- > 0; )
                take(op, updates, mj_at(updates, i));
        MJ_EACH(update, updates)
                remember_album(op, message_of(update));
        if (next || !*offset)
                mentiond_set_cursor(op, "offset", mentiond_format(op, "%lld", (long long) next));
        t->polled = true;
        t->conflicts = 0;
        mentiond_poll_again(op);
        return MENTIOND_OK;
}

/* Nothing can be asked: what is edited comes with polls.  That this is here has the host keep the texts to compare with. */
static int reread(struct mentiond_op *op, void *state, const char *const *ids, uint32_t n)
{
        (void) op, (void) state, (void) ids, (void) n;
        return MENTIOND_OK;
}

static int download(struct mentiond_op *op, void *state, const char *id, uint64_t max, struct mentiond_file *ret)
{
        struct mentiond_response response = { .struct_size = sizeof(response) };
        struct mentiond_request q = { .struct_size = sizeof(q), .max_reply = max };
        struct json_object *file = NULL;
        int r = ask(op, mentiond_format(op, "getFile?file_id=%s", mentiond_escape(op, id)), &file);
        const char *path = mj_str(file, "file_path");

        (void) state;
        if (r != MENTIOND_OK)
                return r;
        if (!*path || path[strspn(path, LETTERS "-./")] || strstr(path, ".."))
                return mentiond_fail(op, MENTIOND_REJECTED, "the server does not say where it is");
        q.path = mentiond_format(op, "/file/bot{token}/%s", path);
        r = mentiond_http(op, &q, &response);
        *ret = (struct mentiond_file) {
                .struct_size = ret->struct_size, .name = path, .data = response.body, .size = response.body_size,
        };
        return r;
}

/* --- What the bot says --- */

struct place { long long chat, message, topic; };

static int parse(struct mentiond_op *op, const char *id, struct place *ret)
{
        *ret = (struct place) { .chat = 0 };
        return sscanf(id, "%18lld:%18lld:%18lld", &ret->chat, &ret->message, &ret->topic) >= 2
               ? MENTIOND_OK : mentiond_fail(op, MENTIOND_BUG, "%s is no message", id);
}

/* Where only two read it may stand alone, if what it answers is gone; in a group it would be out of place.  A group that has
 * become a supergroup is another chat, where messages have other numbers. */
static int say(struct mentiond_op *op, const struct mentiond_post *part, const struct place *to, long long chat,
               struct json_object **ret)
{
        const struct mentiond_upload *file = part->n_uploads ? part->uploads : NULL;
        bool photo = file && file->size <= PHOTO_MAX
                     && (strcmp(file->type, "image/jpeg") == 0 || strcmp(file->type, "image/png") == 0);
        bool moved = chat != to->chat, alone = chat > 0 || moved;
        struct mentiond_request q = { .struct_size = sizeof(q) };

        q.json = mentiond_json(op, "{%s: %s, 'message_thread_id': %p, 'chat_id': %lld, 'reply_parameters':"
                                   " {'message_id': %lld, 'allow_sending_without_reply': %p, 'chat_id': %p}}",
                               file ? "caption" : "text", part->text, to->topic ? mentiond_json(op, "%lld", to->topic) : NULL,
                               chat, to->message, mentiond_json(op, alone ? "true" : "false"),
                               moved ? mentiond_json(op, "%lld", to->chat) : NULL);
        if (!file)
                return call(op, &q, "sendMessage", ret);
        mentiond_set_form(op, &q, MENTIOND_NEW(op, struct mentiond_field, .name = photo ? "photo" : "document",
                          .data = file->data, .size = file->size, .type = file->type, .file = file->name), 1);
        return call(op, &q, photo ? "sendPhoto" : "sendDocument", ret);
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *part, struct mentiond_posted *ret)
{
        struct json_object *reply = NULL;
        struct place to;
        int r = parse(op, part->parent, &to);

        (void) state;
        if (r != MENTIOND_OK)
                return r;
        if (part->visibility >= MENTIOND_DIRECT && to.chat < 0)
                return mentiond_fail(op, MENTIOND_REJECTED, "it is for one person alone, and would be seen by a group");
        if (part->n_uploads && mentiond_length(part->text, MENTIOND_UTF16) > CAPTION_MAX)
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "with a file a text can have %d characters: write a shorter one, or two notes", CAPTION_MAX);
        r = say(op, part, &to, to.chat, &reply);
        long long moved = mj_int(mj_get(reply, "parameters"), "migrate_to_chat_id", 0);
        if (r == MENTIOND_REJECTED && moved)
                r = say(op, part, &to, moved, &reply);
        const char *why = mj_str(reply, "description");
        if (r == MENTIOND_REJECTED && strstr(why, "not found"))
                return mentiond_fail(op, MENTIOND_GONE, "what it answers is gone (%s)", why);
        if (r != MENTIOND_OK)
                return r;
        ret->id = id_of(op, mj_get(reply, "result"));
        ret->url = url_of(op, mj_get(reply, "result"));
        return *ret->id ? r : mentiond_fail(op, MENTIOND_AMBIGUOUS, "the server took the message without naming it");
}

/* To another text, or with a reaction, or without either. */
static int change(struct mentiond_op *op, const char *id, const char *method, const char *text, struct json_object *reaction)
{
        struct mentiond_request q = { .flags = MENTIOND_REPEATABLE };
        struct json_object *reply = NULL;
        struct place at;
        int r = parse(op, id, &at);

        if (r != MENTIOND_OK)
                return r;
        q.json = mentiond_json(op, "{'text': %s, 'reaction': %p, 'chat_id': %lld, 'message_id': %lld}",
                               text, reaction, at.chat, at.message);
        r = call(op, &q, method, &reply);
        const char *why = mj_str(reply, "description");
        if (r == MENTIOND_REJECTED && strstr(why, "not found"))
                return mentiond_fail(op, MENTIOND_GONE, "it is gone (%s)", why);
        return r == MENTIOND_REJECTED && strstr(why, "not modified") ? MENTIOND_OK : r;
}

static int edit(struct mentiond_op *op, void *state, const struct mentiond_change *to)
{
        (void) state;
        return change(op, to->id, "editMessageText", to->text, NULL);
}

static int take_back(struct mentiond_op *op, void *state, const char *id)
{
        int r = change(op, id, "deleteMessage", NULL, NULL);

        (void) state;
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

static int react(struct mentiond_op *op, void *state, uint32_t reaction, const char *id)
{
        (void) state;
        if (reaction != MENTIOND_LIKE)
                return mentiond_fail(op, MENTIOND_REJECTED, "a bot can like messages only");
        return change(op, id, "setMessageReaction", NULL,
                      mentiond_json(op, "[{'type': 'emoji', 'emoji': '\xf0\x9f\x91\x8d'}]"));
}

static int doctor(struct mentiond_op *op, void *state)
{
        struct json_object *bot = NULL, *webhook = NULL;
        int r = look(op, &bot, &webhook);
        bool taken = *mj_str(webhook, "url"), shown = mj_true(bot, "can_read_all_group_messages");

        (void) state;
        if (r == MENTIOND_AUTH)
                mentiond_report(op, MENTIOND_WRONG, "token",
                                "Telegram refuses it: have BotFather make a new one, then mentionctl resume");
        if (r != MENTIOND_OK)
                return r == MENTIOND_AUTH ? MENTIOND_OK : r;
        mentiond_report(op, MENTIOND_FINE, "token", "it is @%s's", mj_str(bot, "username"));
        mentiond_report(op, taken ? MENTIOND_WRONG : MENTIOND_FINE, "webhook", taken
                        ? "one is set, so another program gets the messages: end that, and call deleteWebhook"
                        : "none is set");
        mentiond_report(op, shown ? MENTIOND_FINE : MENTIOND_UNCLEAR, "groups", shown
                        ? "privacy mode is off: who names the bot is seen"
                        : "privacy mode is on: in a group that the bot does not administrate it sees who answers it, but not"
                          " who names it. Turn it off with BotFather (/setprivacy), then add the bot to its groups again");
        return MENTIOND_OK;
}

static const struct mentiond_channel telegram = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .state_size = sizeof(struct telegram),
                .name = "telegram", .version = "1.0", .options = options,
                .summary = "Messages to a Telegram bot, in groups and private chats",
        },
        .check = check, .start = start, .poll = poll, .post = post, .doctor = doctor, .edit = edit, .remove = take_back,
        .react = react, .reread = reread, .download = download,
};
MENTIOND_CHANNEL_PLUGIN(telegram)
