import { crashMatrix } from './crash-matrix.ts'
import { gateScenarios } from './gate-scenarios.ts'

crashMatrix({ name: 'gate-crashes', scenarios: gateScenarios, atOnce: 32 })
