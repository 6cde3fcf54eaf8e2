// latency-proxy PORT UPSTREAM-PORT LATENCY-MS WINDOW-BYTES: makes a server on the loopback interface look far away.
//
// What the server sends arrives a round trip later, and no more than a window is under way on one connection, so that
// each connection carries at most WINDOW-BYTES in LATENCY-MS. A new connection waits one round trip more. Slow start and
// losses are left out; where the kernel has it, `tc qdisc add dev lo root netem delay` in a network namespace shows them.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long latency_ns;
static size_t window;
static int upstream_port;

static struct timespec later(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += latency_ns;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void sleep_until(struct timespec time) {
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
}

static int write_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = send(descriptor, bytes, count, MSG_NOSIGNAL);
        if (written <= 0) return -1;
        bytes += written;
        count -= written;
    }
    return 0;
}

// Pieces that are under way, oldest first.
struct piece {
    struct piece *next;
    struct timespec due;
    ssize_t count; // 0: the server has closed
    char bytes[];
};

struct connection {
    int client, server;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct piece *first, *last;
    size_t under_way;
    int is_closed;
};

static void *to_server(void *argument) {
    struct connection *connection = argument;
    char bytes[65536];
    ssize_t count;
    sleep_until(later());
    while ((count = read(connection->client, bytes, sizeof bytes)) > 0)
        if (write_all(connection->server, bytes, count) < 0) break;
    shutdown(connection->server, SHUT_RDWR);
    return NULL;
}

static void *from_server(void *argument) {
    struct connection *connection = argument;
    for (;;) {
        pthread_mutex_lock(&connection->mutex);
        while (connection->under_way >= window && !connection->is_closed)
            pthread_cond_wait(&connection->changed, &connection->mutex);
        size_t room = connection->is_closed ? 65536 : window - connection->under_way;
        pthread_mutex_unlock(&connection->mutex);
        if (room > 65536) room = 65536;
        struct piece *piece = malloc(sizeof *piece + room);
        if (!piece) abort();
        ssize_t count = read(connection->server, piece->bytes, room);
        piece->count = count > 0 ? count : 0;
        piece->due = later();
        piece->next = NULL;
        pthread_mutex_lock(&connection->mutex);
        if (connection->last) connection->last->next = piece;
        else connection->first = piece;
        connection->last = piece;
        connection->under_way += piece->count;
        pthread_cond_broadcast(&connection->changed);
        pthread_mutex_unlock(&connection->mutex);
        if (count <= 0) return NULL;
    }
}

static void *serve(void *argument) {
    struct connection *connection = argument;
    pthread_t up, down;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(upstream_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection->server, (struct sockaddr *)&address, sizeof address) < 0) perror("upstream");
    if (pthread_create(&up, NULL, to_server, connection) || pthread_create(&down, NULL, from_server, connection))
        abort();
    for (int is_open = 1; is_open;) {
        pthread_mutex_lock(&connection->mutex);
        while (!connection->first) pthread_cond_wait(&connection->changed, &connection->mutex);
        struct piece *piece = connection->first;
        connection->first = piece->next;
        if (!connection->first) connection->last = NULL;
        pthread_mutex_unlock(&connection->mutex);
        sleep_until(piece->due);
        is_open = piece->count > 0 && write_all(connection->client, piece->bytes, piece->count) == 0;
        pthread_mutex_lock(&connection->mutex);
        connection->under_way -= piece->count;
        connection->is_closed = !is_open;
        pthread_cond_broadcast(&connection->changed);
        pthread_mutex_unlock(&connection->mutex);
        free(piece);
    }
    shutdown(connection->client, SHUT_RDWR);
    shutdown(connection->server, SHUT_RDWR);
    pthread_join(up, NULL);
    pthread_join(down, NULL);
    close(connection->client);
    close(connection->server);
    while (connection->first) {
        struct piece *piece = connection->first;
        connection->first = piece->next;
        free(piece);
    }
    free(connection);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "latency-proxy PORT UPSTREAM-PORT LATENCY-MS WINDOW-BYTES\n"), 1;
    upstream_port = atoi(arguments[2]);
    latency_ns = atol(arguments[3]) * 1000000;
    window = atol(arguments[4]);
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (window == 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0)
        return perror("listen"), 1;
    for (;;) {
        struct connection *connection = calloc(1, sizeof *connection);
        pthread_t thread;
        if (!connection) abort();
        connection->client = accept(listener, NULL, NULL);
        if (connection->client < 0) return perror("accept"), 1;
        setsockopt(connection->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_mutex_init(&connection->mutex, NULL);
        pthread_cond_init(&connection->changed, NULL);
        if (pthread_create(&thread, NULL, serve, connection)) abort();
        pthread_detach(thread);
    }
}
