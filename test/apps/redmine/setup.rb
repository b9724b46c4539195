# frozen_string_literal: true

# What an administrator of a new Redmine does once: load the default configuration, in German, turn on the REST API,
# and add what that API cannot make, a custom field.
require File.expand_path('config/environment', Dir.pwd)

Redmine::DefaultData::Loader.load('de')
Setting.rest_api_enabled = '1'
Setting.issue_group_assignment = '1'
Setting.notified_events = []
User.find_by!(login: 'admin').update!(must_change_passwd: false)
IssueCustomField.create!(name: 'Kundenklasse', field_format: 'list', possible_values: %w[Gold Silber],
                         is_for_all: true, trackers: Tracker.all)
