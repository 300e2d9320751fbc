// Health says how GitOps tools judge objects: it reads them as JSON, one after the other, on standard input, and prints
// a line for each: kind/name, status, message.
//
//	health kstatus              as everything sees them that goes by kstatus, by the library that Flux uses
//	health flux tenantry.yaml   as Flux sees them by the healthCheckExprs of the Kustomizations in that file
//	health argocd health.lua    as Argo CD sees them by that script, run as Argo CD runs it
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// judge gives an object's status and what is said about it.
type judge func(*unstructured.Unstructured) (string, string, error)

func main() {
	judge, err := choose(os.Args[1:])
	if err == nil {
		err = each(os.Stdin, os.Stdout, judge)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "health:", err)
		os.Exit(1)
	}
}

func choose(arguments []string) (judge, error) {
	switch {
	case len(arguments) == 1 && arguments[0] == "kstatus":
		return byKstatus, nil
	case len(arguments) == 2 && arguments[0] == "flux":
		return byFlux(arguments[1])
	case len(arguments) == 2 && arguments[0] == "argocd":
		script, err := os.ReadFile(arguments[1])
		return func(object *unstructured.Unstructured) (string, string, error) {
			return byLua(object, string(script))
		}, err
	}
	return nil, errors.New("usage: health kstatus | health flux tenantry.yaml | health argocd health.lua, with objects as JSON on standard input")
}

func each(in io.Reader, out io.Writer, judge judge) error {
	objects := json.NewDecoder(in)
	for {
		var raw json.RawMessage
		if err := objects.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return err
		}
		status, message, err := judge(object)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", object.GetKind(), object.GetName(), err)
		}
		if _, err := fmt.Fprintf(out, "%s/%s %s %s\n", object.GetKind(), object.GetName(), status, message); err != nil {
			return err
		}
	}
}

func byKstatus(object *unstructured.Unstructured) (string, string, error) {
	result, err := status.Compute(object)
	if err != nil {
		return "", "", err
	}
	return result.Status.String(), result.Message, nil
}

// byLua gives a script what Argo CD gives it: the object as `obj`, no libraries but base, package and table, and a second.
func byLua(object *unstructured.Unstructured, script string) (string, string, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		call := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return "", "", err
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("the script gives a %s, not a table", state.Get(-1).Type())
	}
	status := lua.LVAsString(result.RawGetString("status"))
	switch status {
	case "Healthy", "Progressing", "Suspended", "Degraded":
		return status, lua.LVAsString(result.RawGetString("message")), nil
	}
	return "", "", fmt.Errorf("%q is no health status", status)
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		list := state.CreateTable(len(value), 0)
		for _, item := range value {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		fields := state.CreateTable(0, len(value))
		for name, field := range value {
			fields.RawSetString(name, toLua(state, field))
		}
		return fields
	}
	return lua.LNil
}
