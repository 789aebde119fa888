"""Line echo over TCP: the servers, the client, and one measurement of them."""
