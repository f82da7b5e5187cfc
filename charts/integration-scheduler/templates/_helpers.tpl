{{/* Name of everything this release installs. 55 characters leave room for "-metrics", and two releases (53 at most) never share it. */}}
{{- define "integration-scheduler.fullname" -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if contains .Chart.Name $release -}}
{{- $release -}}
{{- else -}}
{{- printf "%s-%s" $release .Chart.Name | trunc 55 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Never changed: a Deployment's selector is immutable. */}}
{{- define "integration-scheduler.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "integration-scheduler.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "integration-scheduler.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* Without a ServiceAccount of its own the operator's rights would go to "default", and so to every pod of the namespace. */}}
{{- define "integration-scheduler.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "integration-scheduler.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.create is false: name the existing ServiceAccount in serviceAccount.name" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "integration-scheduler.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Where a user may set annotations or labels too, ours win: a selector or a scrape port must not be changed by accident. */}}
{{- define "integration-scheduler.podLabels" -}}
{{- $ours := include "integration-scheduler.selectorLabels" . | fromYaml -}}
{{- $_ := set $ours "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- merge $ours .Values.podLabels | toYaml -}}
{{- end -}}

{{- define "integration-scheduler.podAnnotations" -}}
{{- $ours := dict -}}
{{- if .Values.metrics.scrapeAnnotations -}}
{{- $ours = dict "prometheus.io/scrape" "true" "prometheus.io/port" "8080" "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with merge $ours .Values.podAnnotations -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}
