/* A load generator for one core: CLIENTS kept connections, each with one request under way, for SECONDS.
 *
 * usage: load PORT PATH CONTENT_TYPE BODY_FILE CLIENTS SECONDS TIMEOUT_SECONDS
 *
 * Prints one JSON object. A request is answered (status 2xx), refused (any other status), timed out (its connection is
 * given up) or broken (the connection ended in the midst of an answer, or could not be made). Latencies are those of
 * answered requests, from the first byte written to the last byte read, in microseconds. Like wrk, a client sends its
 * next request when it has its answer, so a slow server is asked less often.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 16384, PART = 65536, TAIL = 5 };
enum framing { LENGTH, CHUNKED, UNTIL_CLOSE };

struct client {
    int socket;
    size_t sent;        /* bytes of the request that are written */
    int64_t begun;      /* when the request's first byte was written */
    char head[HEAD + 1];
    size_t head_size;
    int in_body;
    int status;
    enum framing framing;
    size_t missing;     /* bytes of the body still to come, where its length is known */
    char tail[TAIL];    /* the last bytes of a chunked body, which ends with "0\r\n\r\n" */
    int reusable;       /* whether the server keeps the connection */
};

static struct sockaddr_in server;
static char *request;
static size_t request_size;
static int64_t timeout;
static uint32_t *latencies;
static size_t answered, refused, timed_out, broken, room;

static int64_t now(void) {
    struct timespec clock;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    return (int64_t)clock.tv_sec * 1000000 + clock.tv_nsec / 1000;
}

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

static void put_tail(struct client *client, const char *bytes, size_t size) {
    if (size >= TAIL) {
        memcpy(client->tail, bytes + size - TAIL, TAIL);
    } else {
        memmove(client->tail, client->tail + size, TAIL - size);
        memcpy(client->tail + TAIL - size, bytes, size);
    }
}

static void begin(struct client *client) {
    client->sent = 0;
    client->begun = now();
    client->head_size = 0;
    client->in_body = 0;
    memset(client->tail, 0, TAIL);
}

static void connect_anew(struct client *client) {
    if (client->socket >= 0) close(client->socket);
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (client->socket < 0) give_up("socket");
    int one = 1;
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(client->socket, F_SETFL, O_NONBLOCK);
    begin(client);
    if (connect(client->socket, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) {
        broken++;
        usleep(1000);
    }
}

static void write_some(struct client *client) {
    while (client->sent < request_size) {
        ssize_t size = send(client->socket, request + client->sent, request_size - client->sent, MSG_NOSIGNAL);
        if (size < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
        if (size < 0) {
            broken++;
            connect_anew(client);
            return;
        }
        client->sent += (size_t)size;
    }
}

static void finish(struct client *client) {
    if (client->status / 100 != 2) {
        refused++;
    } else {
        if (answered == room) {
            room = room ? 2 * room : 65536;
            latencies = realloc(latencies, room * sizeof *latencies);
            if (!latencies) give_up("realloc");
        }
        latencies[answered++] = (uint32_t)(now() - client->begun);
    }
    if (client->reusable) {
        begin(client);
        write_some(client);
    } else {
        connect_anew(client);
    }
}

static const char *header(const char *head, const char *name) {
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        size_t size = strlen(name);
        if (!strncasecmp(line + 2, name, size) && line[2 + size] == ':') {
            return line + 3 + size + strspn(line + 3 + size, " ");
        }
    }
    return NULL;
}

static void read_head(struct client *client) {
    const char *length = header(client->head, "content-length");
    const char *coding = header(client->head, "transfer-encoding");
    const char *connection = header(client->head, "connection");
    client->status = atoi(client->head + strlen("HTTP/1.1 "));
    client->framing = coding ? CHUNKED : length ? LENGTH : UNTIL_CLOSE;
    client->missing = length ? strtoull(length, NULL, 10) : 0;
    client->reusable = !(connection && !strncasecmp(connection, "close", 5)) && client->framing != UNTIL_CLOSE;
}

/* Whether these bytes of the body are its last. */
static int take_body(struct client *client, const char *bytes, size_t size) {
    if (client->framing == LENGTH) {
        client->missing -= size < client->missing ? size : client->missing;
        return client->missing == 0;
    }
    put_tail(client, bytes, size);
    return client->framing == CHUNKED && !memcmp(client->tail, "0\r\n\r\n", TAIL);
}

static int take(struct client *client, const char *bytes, size_t size) {
    if (client->in_body) return take_body(client, bytes, size);
    memcpy(client->head + client->head_size, bytes, size);
    client->head_size += size;
    client->head[client->head_size] = 0;
    char *end = strstr(client->head, "\r\n\r\n");
    if (!end) return 0;
    size_t rest = client->head_size - (size_t)(end + 4 - client->head);
    end[2] = 0;
    read_head(client);
    client->in_body = 1;
    return take_body(client, end + 4, rest);
}

static void read_some(struct client *client) {
    static char part[PART];
    ssize_t size = recv(client->socket, part, client->in_body ? PART : HEAD - client->head_size, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size > 0) {
        if (take(client, part, (size_t)size)) finish(client);
    } else if (size == 0 && client->in_body && client->framing == UNTIL_CLOSE) {
        finish(client);
    } else {
        /* A server may close an idle connection just as we write to it: wrk counts that as a read error, too. */
        broken++;
        connect_anew(client);
    }
}

static int by_size(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static uint32_t percentile(double share) {
    if (!answered) return 0;
    size_t place = (size_t)(share * (double)answered);
    return latencies[place < answered ? place : answered - 1];
}

static char *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) give_up(name);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*size + 1);
    if (!text || fread(text, 1, *size, file) != *size) give_up(name);
    fclose(file);
    return text;
}

static void make_request(const char *port, const char *path, const char *type, const char *file) {
    size_t size;
    char *body = read_file(file, &size);
    request = malloc(size + 1024);
    if (!request) give_up("malloc");
    int head = snprintf(request, 1024,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: %s\r\nAccept: application/json\r\n"
        "Content-Length: %zu\r\n\r\n", path, port, type, size);
    memcpy(request + head, body, size);
    request_size = (size_t)head + size;
    free(body);
}

static void turn(struct client *clients, struct pollfd *polled, int count) {
    for (int i = 0; i < count; i++) {
        short events = clients[i].sent < request_size ? POLLIN | POLLOUT : POLLIN;
        polled[i] = (struct pollfd){.fd = clients[i].socket, .events = events};
    }
    if (poll(polled, (nfds_t)count, 10) < 0) give_up("poll");
    int64_t time = now();
    for (int i = 0; i < count; i++) {
        if (polled[i].revents & POLLOUT) write_some(&clients[i]);
        if (polled[i].revents & (POLLIN | POLLHUP | POLLERR) && polled[i].fd == clients[i].socket) {
            read_some(&clients[i]);
        }
        if (time - clients[i].begun > timeout) {
            timed_out++;
            connect_anew(&clients[i]);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "usage: load PORT PATH CONTENT_TYPE BODY_FILE CLIENTS SECONDS TIMEOUT_SECONDS\n");
        return 2;
    }
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    make_request(argv[1], argv[2], argv[3], argv[4]);
    int count = atoi(argv[5]);
    int64_t length = (int64_t)(atof(argv[6]) * 1e6);
    timeout = (int64_t)(atof(argv[7]) * 1e6);
    struct client *clients = calloc((size_t)count, sizeof *clients);
    struct pollfd *polled = calloc((size_t)count, sizeof *polled);
    if (!clients || !polled) give_up("calloc");
    for (int i = 0; i < count; i++) {
        clients[i].socket = -1;
        connect_anew(&clients[i]);
    }
    int64_t started = now();
    while (now() - started < length) turn(clients, polled, count);
    double seconds = (double)(now() - started) / 1e6;
    qsort(latencies, answered, sizeof *latencies, by_size);
    printf("{\"seconds\": %.6f, \"answered\": %zu, \"refused\": %zu, \"timed_out\": %zu, \"broken\": %zu, "
           "\"p50_us\": %u, \"p95_us\": %u, \"p99_us\": %u}\n",
           seconds, answered, refused, timed_out, broken, percentile(0.50), percentile(0.95), percentile(0.99));
    return 0;
}
