import { crashMatrix } from './crash-matrix.ts'
import { scenarios } from './scenarios.ts'

crashMatrix({ name: 'crashes', scenarios, atOnce: 12 })
