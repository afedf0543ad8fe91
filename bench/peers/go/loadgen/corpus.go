package main

import (
	"encoding/binary"
	"os"
)

const recordHead = 5

// record is one Check and the verdict that is owed to it.
type record struct {
	allowed bool
	check   []byte
}

// load reads a corpus: records of a length (32 bits, little-endian), a verdict and a Check.
func load(path string) (records []record) {
	content, err := os.ReadFile(path)
	must(err)
	for len(content) > recordHead {
		end := recordHead + int(binary.LittleEndian.Uint32(content))
		records = append(records, record{allowed: content[4] == 1, check: content[recordHead:end]})
		content = content[end:]
	}
	return records
}
