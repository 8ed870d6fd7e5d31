#cmakedefine HAVE_GETADDRINFO 1
#cmakedefine HAVE_NO_SUCH_FUNCTION 1
#cmakedefine HAVE_PTHREAD_H 1
