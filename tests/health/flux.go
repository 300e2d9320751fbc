package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/runtime/cel"
	source "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

// byFlux judges by what a file of Flux's objects says; a field that Flux does not know is an error.
func byFlux(file string) (judge, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	evaluators := map[schema.GroupVersionKind]*cel.StatusEvaluator{}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		kustomization, err := decode(document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, check := range kustomization.Spec.HealthCheckExprs {
			evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", file, check.Kind, err)
			}
			evaluators[schema.FromAPIVersionAndKind(check.APIVersion, check.Kind)] = evaluator
		}
	}
	return func(object *unstructured.Unstructured) (string, string, error) {
		evaluator, ok := evaluators[object.GroupVersionKind()]
		if !ok {
			return byKstatus(object)
		}
		result, err := evaluator.Evaluate(context.Background(), object)
		if err != nil {
			return "", "", err
		}
		return result.Status.String(), result.Message, nil
	}, nil
}

// decode gives the Kustomization, which is empty for an object of another kind.
func decode(document []byte) (kustomize.Kustomization, error) {
	var kustomization kustomize.Kustomization
	var kind struct {
		Kind string `json:"kind"`
	}
	if err := strict.Unmarshal(document, &kind); err != nil {
		return kustomization, err
	}
	switch kind.Kind {
	case "GitRepository":
		return kustomization, strict.UnmarshalStrict(document, &source.GitRepository{})
	case "Kustomization":
		return kustomization, strict.UnmarshalStrict(document, &kustomization)
	}
	return kustomization, fmt.Errorf("%q is no kind that is known here", kind.Kind)
}
