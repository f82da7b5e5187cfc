import { crashMatrix } from './crash-matrix.ts'
import { setScenarios } from './set-scenarios.ts'

crashMatrix({ name: 'set-crashes', scenarios: setScenarios, atOnce: 32 })
