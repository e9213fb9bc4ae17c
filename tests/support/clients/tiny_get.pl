use HTTP::Tiny;

my $response = HTTP::Tiny->new(verify_SSL => 1)->get($ARGV[0]);
print $response->{content};
exit !$response->{success};
