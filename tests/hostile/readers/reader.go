// Says which call a Go server would run for each body: one JSON line in, one out.
//
// Go takes `Name` for `name`, and so does a struct with the declared arguments:
// `fields` is what such a struct would hold.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
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
		Uri       string          `json:"uri"`
		TaskId    string          `json:"taskId"`
		Arguments json.RawMessage `json:"arguments"`
		Ref       struct {
			Name string `json:"name"`
			Uri  string `json:"uri"`
		} `json:"ref"`
		Notifications struct {
			Heard []string `json:"resourceSubscriptions"`
		} `json:"notifications"`
	} `json:"params"`
}

type said struct {
	Method    string         `json:"method"`
	Asked     string         `json:"asked"`
	Uri       string         `json:"uri"`
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
	params := read.Params
	asked := cmp.Or(params.Name, params.Uri, params.TaskId, params.Ref.Name, params.Ref.Uri)
	if asked == "" && len(params.Notifications.Heard) == 1 {
		asked = params.Notifications.Heard[0]
	}
	place, err := url.Parse(params.Uri)
	if err != nil {
		return nil, err
	}
	told := said{read.Method, asked, place.String(), map[string]any{}, map[string]any{}}
	if len(params.Arguments) == 0 {
		return told, nil
	}
	if err := json.Unmarshal(params.Arguments, &told.Arguments); err != nil {
		return nil, err
	}
	typed := structOf(question.Names)
	if err := json.Unmarshal(params.Arguments, typed.Interface()); err != nil {
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
