// Says which call a Go server would run for each body: one JSON line in, one out.
//
// Go takes `Name` for `name`, and so does a struct with the declared arguments:
// `fields` is what such a struct would hold.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

type asked struct {
	Body  []byte   `json:"body"`
	Names []string `json:"names"`
}

type call struct {
	Method string `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"params"`
}

type said struct {
	Method    string         `json:"method"`
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
	Fields    map[string]any `json:"fields"`
}

func structOf(names []string) reflect.Value {
	var fields []reflect.StructField
	for i, name := range names {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("F%d", i),
			Type: reflect.TypeOf((*any)(nil)).Elem(),
			Tag:  reflect.StructTag(fmt.Sprintf("json:%q", name)),
		})
	}
	return reflect.New(reflect.StructOf(fields))
}

func read(question asked) (any, error) {
	var read call
	if err := json.Unmarshal(question.Body, &read); err != nil {
		return nil, err
	}
	told := said{read.Method, read.Params.Name, map[string]any{}, map[string]any{}}
	if len(read.Params.Arguments) == 0 {
		return told, nil
	}
	if err := json.Unmarshal(read.Params.Arguments, &told.Arguments); err != nil {
		return nil, err
	}
	typed := structOf(question.Names)
	if err := json.Unmarshal(read.Params.Arguments, typed.Interface()); err != nil {
		return nil, err
	}
	for i, name := range question.Names {
		if value := typed.Elem().Field(i); !value.IsNil() {
			told.Fields[name] = value.Interface()
		}
	}
	return told, nil
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var question asked
		var answer any
		if err = json.Unmarshal(line, &question); err == nil {
			answer, err = read(question)
		}
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		if answers.Encode(answer) != nil {
			return
		}
	}
}
