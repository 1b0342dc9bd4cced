// The test server of the library that Filebeat sends with, at the version that Filebeat 7.17 and 8.11 use.
module sawmill/lumberjack-under-test

go 1.21

require github.com/elastic/go-lumber v0.1.2-0.20220819171948-335fde24ea0f

require github.com/klauspost/compress v1.15.9 // indirect
